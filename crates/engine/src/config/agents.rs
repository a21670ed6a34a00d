use std::collections::HashMap;

use domain::agent::SYSTEM;
use domain::look_alike::{is_like_system, look_alike};
use domain::{AgentKind, AgentName, DomainName, Priority, text, webhook_address};
use serde::{Deserialize, Serialize};

use super::{ConfigError, Limits};

/// Characters of a description.
const DESCRIPTION_CHARS_MAX: usize = 1_000;

/// One participant that exists from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// Its name, unique, not `system`.
    pub name: AgentName,
    /// What it is; `ai` where nothing is said.
    #[serde(default = "ai")]
    pub kind: AgentKind,
    /// What it is for, in a sentence; to 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The fields of decisions it holds; to `limits.authority_domains_per_agent`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority_domains: Vec<String>,
    /// Where deliveries are pushed to, `http://` or `https://`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The highest priority it may send with; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_priority_sent: Option<Priority>,
    /// The agent that is told when this one lets `ack_within` pass; absent: the final authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<AgentName>,
}

fn ai() -> AgentKind {
    AgentKind::Ai
}

impl AgentConfig {
    /// An agent with a name, a kind and nothing else.
    pub fn new(name: &str, kind: AgentKind) -> Self {
        Self {
            name: AgentName::stored(name.to_owned()),
            kind,
            description: None,
            authority_domains: Vec::new(),
            webhook: None,
            max_priority_sent: None,
            escalate_to: None,
        }
    }

    /// The agents of an installation that names none: `code`, `chat` and `human`.
    pub fn first_three() -> Vec<Self> {
        let holder = |name: &str, domains: [&str; 2]| Self {
            authority_domains: domains.map(str::to_owned).to_vec(),
            ..Self::new(name, AgentKind::Ai)
        };
        vec![
            holder("code", ["implementation", "testing"]),
            holder("chat", ["strategy", "planning"]),
            Self::new("human", AgentKind::Human),
        ]
    }

    /// What is wrong with this agent taken alone: key and reason.
    fn own_faults(&self, limits: &Limits) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        let mut add = |key: &str, why: String| wrong.push((key.to_owned(), why));
        if is_like_system(self.name.as_str()) {
            add("name", format!("is or looks like `{SYSTEM}`, the name of the system itself: choose another"));
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_CHARS_MAX) {
            add("description", format!("longer than {DESCRIPTION_CHARS_MAX} characters"));
        }
        if self.description.as_deref().is_some_and(text::has_nul) {
            add("description", text::NUL.to_owned());
        }
        if self.authority_domains.len() > limits.authority_domains_per_agent {
            let why = format!("more than limits.authority_domains_per_agent ({})", limits.authority_domains_per_agent);
            add("authority_domains", why);
        }
        for (at, domain) in self.authority_domains.iter().enumerate() {
            if !DomainName::is_valid(domain) {
                add(
                    &format!("authority_domains[{at}]"),
                    format!("`{domain}` is no domain name: letters, digits, `.`, `_`, `-`"),
                );
            }
        }
        if let Some(why) = self.webhook.as_deref().and_then(webhook_address::fault) {
            add("webhook", why);
        }
        wrong
    }
}

/// What is wrong with the agents, each and together.
pub(super) fn faults(agents: &[AgentConfig], limits: &Limits) -> Vec<ConfigError> {
    let mut faults = Vec::new();
    if agents.len() > limits.agents {
        let why = format!("{} agents are more than limits.agents ({})", agents.len(), limits.agents);
        faults.push(ConfigError::new("agents", why));
    }
    let mut first_at = HashMap::new();
    for (at, agent) in agents.iter().enumerate() {
        let before = *first_at.entry(agent.name.as_str()).or_insert(at);
        if before != at {
            let why = format!("`{}` is the name of agents[{before}] already", agent.name);
            faults.push(ConfigError::new(format!("agents[{at}].name"), why));
        } else if let Some(other) =
            look_alike(agent.name.as_str(), agents[..at].iter().map(|agent| agent.name.as_str()))
        {
            let why =
                format!("`{}` would be taken for the agent `{other}`: choose a name that looks otherwise", agent.name);
            faults.push(ConfigError::new(format!("agents[{at}].name"), why));
        }
    }
    for (at, agent) in agents.iter().enumerate() {
        let mut wrong = agent.own_faults(limits);
        if let Some(other) = agent.escalate_to.as_ref().filter(|other| !first_at.contains_key(other.as_str())) {
            wrong.push(("escalate_to".to_owned(), not_an_agent(other.as_str(), agents)));
        }
        faults.extend(wrong.into_iter().map(|(key, why)| ConfigError::new(format!("agents[{at}].{key}"), why)));
    }
    faults
}

/// Says that no agent has that name, and which name is nearest.
pub(super) fn not_an_agent(name: &str, agents: &[AgentConfig]) -> String {
    domain::nearest::unknown("agent", name, agents.iter().map(|agent| agent.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(agents: &[AgentConfig]) -> Vec<String> {
        faults(agents, &Limits::default()).into_iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn a_name_is_taken_once_and_system_never() {
        let agents = ["a", "b", "a", SYSTEM].map(|name| AgentConfig::new(name, AgentKind::Ai));
        assert_eq!(keys(&agents), ["agents[2].name", "agents[3].name"]);
    }

    #[test]
    fn names_that_are_taken_for_one_another_are_refused() {
        let agents = ["code", "Code", "c0de", "coder", "System"].map(|name| AgentConfig::new(name, AgentKind::Ai));
        assert_eq!(keys(&agents), ["agents[1].name", "agents[2].name", "agents[4].name"]);
        let why = faults(&agents, &Limits::default())[0].to_string();
        assert!(why.contains("`code`"), "{why}");
    }

    #[test]
    fn an_agent_escalates_to_an_agent() {
        let mut agents = AgentConfig::first_three();
        agents[0].escalate_to = Some(AgentName::stored("chat".to_owned()));
        assert_eq!(keys(&agents), [""; 0]);
        agents[0].escalate_to = Some(AgentName::stored("chit".to_owned()));
        let found = faults(&agents, &Limits::default());
        assert_eq!(found[0].to_string(), "agents[0].escalate_to: unknown agent `chit`: did you mean `chat`?");
    }

    #[test]
    fn webhooks_and_domains_are_held_to_their_form() {
        let mut agents = AgentConfig::first_three();
        agents[1].webhook = Some("ftp://example.org".to_owned());
        agents[1].authority_domains.push("two words".to_owned());
        assert_eq!(keys(&agents), ["agents[1].authority_domains[2]", "agents[1].webhook"]);
    }
}
