use domain::authority::OnViolation;
use domain::{AgentKind, AgentName};
use serde::{Deserialize, Serialize};

use super::agents::not_an_agent;
use super::{AgentConfig, ConfigError};

/// Who has the last word, and what happens to a decision outside one's authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthorityConfig {
    /// The agents that may decide in every domain; at least one.
    #[serde(rename = "final")]
    pub final_agents: Vec<AgentName>,
    /// What becomes of a decision by an agent that does not hold its domain.
    pub on_violation: OnViolation,
}

impl Default for AuthorityConfig {
    fn default() -> Self {
        Self { final_agents: vec![AgentName::stored("human".to_owned())], on_violation: OnViolation::Reject }
    }
}

impl AuthorityConfig {
    /// Adds the final agents that `agents` lacks, as people. For the default authority only: an authority that the user
    /// named must be among the agents that the user named.
    pub fn add_missing(&self, agents: &mut Vec<AgentConfig>) {
        for name in &self.final_agents {
            if !agents.iter().any(|agent| agent.name == *name) {
                agents.push(AgentConfig::new(name.as_str(), AgentKind::Human));
            }
        }
    }

    pub(super) fn faults(&self, agents: &[AgentConfig]) -> Vec<ConfigError> {
        if self.final_agents.is_empty() {
            return vec![ConfigError::new(
                "authority.final",
                "somebody must have the last word: name at least one agent",
            )];
        }
        let known = |name: &AgentName| agents.iter().any(|agent| agent.name == *name);
        let fault = |(at, name): (usize, &AgentName)| {
            ConfigError::new(format!("authority.final[{at}]"), not_an_agent(name.as_str(), agents))
        };
        self.final_agents.iter().enumerate().filter(|(_, name)| !known(name)).map(fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_known_has_the_last_word() {
        let nobody = AuthorityConfig { final_agents: Vec::new(), ..AuthorityConfig::default() };
        assert_eq!(nobody.faults(&AgentConfig::first_three()).len(), 1);
        let missing = AuthorityConfig::default().faults(&[AgentConfig::new("code", AgentKind::Ai)]);
        assert_eq!(missing[0].key, "authority.final[0]");
    }

    #[test]
    fn the_default_final_agent_is_added_once() {
        let mut agents = vec![AgentConfig::new("code", AgentKind::Ai)];
        for _ in 0..2 {
            AuthorityConfig::default().add_missing(&mut agents);
        }
        assert_eq!(agents, [AgentConfig::new("code", AgentKind::Ai), AgentConfig::new("human", AgentKind::Human)]);
    }
}
