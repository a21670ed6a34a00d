//! The directory: everything about a tenant that a rule may need to know, as one immutable snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::agent::{Agent, AgentName};
use crate::authority::OnViolation;
use crate::decision::SelfApproval;
use crate::delivery::DeliveryPolicy;
use crate::gate::Gates;
use crate::limits::Limits;
use crate::time::Time;

/// What configuration says for every tenant.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who may decide everything, and hears of what nobody else decides.
    pub final_authority: Vec<AgentName>,
    /// What happens to a decision without authority.
    pub on_violation: OnViolation,
    /// Whether who asked may also decide.
    pub self_approval: SelfApproval,
    /// Domains that are known though nobody holds them.
    pub domains: Vec<String>,
    /// The quality gates.
    pub gates: Gates,
    /// Leases, attempts and pauses between them.
    pub delivery: DeliveryPolicy,
    /// The limits.
    pub limits: Limits,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            final_authority: Vec::new(),
            on_violation: OnViolation::Reject,
            self_approval: SelfApproval::Refuse,
            domains: Vec::new(),
            gates: Gates::default(),
            delivery: DeliveryPolicy::default(),
            limits: Limits::default(),
        }
    }
}

/// A domain lent to an agent for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The domain.
    pub domain: String,
    /// Who holds it meanwhile.
    pub agent: AgentName,
    /// Until when; it ends by itself.
    pub until: Time,
    /// Why.
    pub reason: String,
    /// Since when.
    pub granted_at: Time,
}

/// A tenant's agents and grants at one version, with the policy.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Counts up with every change; a decision names the version that it was made on.
    pub version: i64,
    /// Every agent that ever was, by name.
    pub agents: BTreeMap<AgentName, Agent>,
    /// Every grant, ended ones too.
    pub grants: Vec<Grant>,
    /// What configuration says.
    pub policy: Arc<Policy>,
}

impl Directory {
    /// The agent of this name, retired or not.
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.get(name)
    }

    /// Every agent that takes messages, by name.
    pub fn active(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values().filter(|agent| agent.is_active())
    }

    /// Takes over an agent that was registered or changed; the next version.
    pub fn put_agent(&mut self, agent: Agent) {
        self.agents.insert(agent.name.clone(), agent);
        self.version += 1;
    }

    /// Takes over a grant that was made or renewed; the next version.
    pub fn put_grant(&mut self, grant: Grant) {
        self.grants.retain(|known| (&known.domain, &known.agent) != (&grant.domain, &grant.agent));
        self.grants.push(grant);
        self.version += 1;
    }

    /// Those who decide in a domain now: holders of their own and by grant, by name; without the final authority.
    pub fn holders(&self, domain: &str, now: Time) -> Vec<AgentName> {
        let running = self.grants.iter().filter(|grant| grant.domain == domain && grant.until > now);
        let lent: BTreeSet<&AgentName> = running.map(|grant| &grant.agent).collect();
        let holds =
            |agent: &&Agent| agent.authority_domains.iter().any(|held| held == domain) || lent.contains(&agent.name);
        self.active().filter(holds).map(|agent| agent.name.clone()).collect()
    }

    /// The final authority, as far as it is active.
    pub fn final_authority(&self) -> Vec<AgentName> {
        let active = |name: &&AgentName| self.agent(name.as_str()).is_some_and(Agent::is_active);
        self.policy.final_authority.iter().filter(active).cloned().collect()
    }
}
/// A domain to lend.
#[derive(Clone, Debug)]
pub struct GrantRequest {
    /// The domain.
    pub domain: String,
    /// To whom.
    pub agent: String,
    /// Until when.
    pub until: Time,
    /// Why.
    pub reason: String,
}
