use crate::AgentState;
use domain::agent::AgentPut;
use domain::view::AgentView;
use domain::{AgentKind, AgentName, Code, Refusal};

use super::{Reading, time};

/// An agent on the wire.
pub fn agent(view: AgentView, finals: &[AgentName]) -> crate::Agent {
    let AgentView { agent, last_seen } = view;
    crate::Agent {
        final_authority: finals.contains(&agent.name),
        state: if agent.is_active() { AgentState::Active } else { AgentState::Retired },
        name: agent.name.into(),
        kind: agent.kind,
        description: Some(agent.description).filter(|text| !text.is_empty()),
        authority_domains: agent.authority_domains,
        webhook: agent.webhook,
        max_priority_sent: agent.max_priority_sent,
        escalate_to: agent.escalate_to.map(String::from),
        created_at: Some(time(agent.registered_at)),
        retired_at: agent.retired_at.map(time),
        last_seen_at: last_seen.map(time),
    }
}

/// What a request makes of the agent `name`.
pub fn put(request: crate::PutAgent, name: &str) -> Result<AgentPut, Refusal> {
    let mut reading = Reading::default();
    if request.name.is_some_and(|given| given != name) {
        reading.fault(Code::InvalidField, "name", format!("must be `{name}`, as in the path, or left out"));
    }
    let put = AgentPut {
        kind: request.kind.unwrap_or(AgentKind::Ai),
        description: request.description.unwrap_or_default(),
        authority_domains: request.authority_domains,
        webhook: request.webhook,
        max_priority_sent: request.max_priority_sent,
        escalate_to: request.escalate_to,
    };
    reading.finish(put)
}
