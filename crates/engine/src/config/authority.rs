use domain::authority::OnViolation;
use domain::decision::SelfApproval;
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
    /// Whether who asked may also decide: `refuse` or `allow`.
    pub self_approval: SelfApproval,
    /// Domains that are known though no agent holds them: the final authority decides there. At most 1,000.
    pub domains: Vec<String>,
}

/// Domains that may be listed.
const DOMAINS_MAX: usize = 1_000;

impl Default for AuthorityConfig {
    fn default() -> Self {
        Self {
            final_agents: vec![AgentName::stored("human".to_owned())],
            on_violation: OnViolation::Reject,
            self_approval: SelfApproval::Refuse,
            domains: Vec::new(),
        }
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
        let unknown = self.final_agents.iter().enumerate().filter(|(_, name)| !known(name)).map(fault);
        unknown.chain(self.domain_faults()).collect()
    }

    fn domain_faults(&self) -> Vec<ConfigError> {
        let count = self.domains.len();
        if count > DOMAINS_MAX {
            return vec![ConfigError::new("authority.domains", format!("has {count}; {DOMAINS_MAX} are allowed"))];
        }
        let wrong = self.domains.iter().enumerate().filter(|(_, domain)| !AgentName::is_valid(domain));
        let why = "must be 1 to 64 of letters, digits, `.`, `_` and `-`";
        wrong.map(|(at, _)| ConfigError::new(format!("authority.domains[{at}]"), why)).collect()
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
    fn listed_domains_are_names_and_not_too_many() {
        let faults = |domains: Vec<String>| {
            let config = AuthorityConfig { domains, ..AuthorityConfig::default() };
            config.faults(&AgentConfig::first_three()).into_iter().map(|fault| fault.key).collect::<Vec<_>>()
        };
        assert!(faults(vec!["law".to_owned(); DOMAINS_MAX]).is_empty());
        assert_eq!(faults(vec!["law".to_owned(); DOMAINS_MAX + 1]), ["authority.domains"]);
        assert_eq!(faults(vec!["law".to_owned(), "a b".to_owned()]), ["authority.domains[1]"]);
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
