use domain::{AgentKind, AgentName, Code, Refusal};
use engine::{AgentPut, AgentView};
use protocol::AgentState;

use super::{Reading, time, word};

/// An agent on the wire.
pub(crate) fn agent(view: AgentView, finals: &[AgentName]) -> protocol::Agent {
    let AgentView { agent, last_seen } = view;
    protocol::Agent {
        final_authority: finals.contains(&agent.name),
        state: if agent.is_active() { AgentState::Active } else { AgentState::Retired },
        name: agent.name.into(),
        kind: word::agent_kind(agent.kind),
        description: Some(agent.description).filter(|text| !text.is_empty()),
        authority_domains: agent.authority_domains,
        webhook: agent.webhook,
        max_priority_sent: agent.max_priority_sent.map(word::priority),
        escalate_to: agent.escalate_to.map(String::from),
        created_at: Some(time(agent.registered_at)),
        retired_at: agent.retired_at.map(time),
        last_seen_at: last_seen.map(time),
    }
}

/// What a request makes of the agent `name`.
pub(crate) fn put(request: protocol::PutAgent, name: &str) -> Result<AgentPut, Refusal> {
    let mut reading = Reading::default();
    if request.name.is_some_and(|given| given != name) {
        reading.fault(Code::InvalidField, "name", format!("must be `{name}`, as in the path, or left out"));
    }
    let put = AgentPut {
        kind: request.kind.map_or(AgentKind::Ai, word::to_agent_kind),
        description: request.description.unwrap_or_default(),
        authority_domains: request.authority_domains,
        webhook: request.webhook,
        max_priority_sent: request.max_priority_sent.map(word::to_priority),
        escalate_to: request.escalate_to,
    };
    reading.finish(put)
}
