//! Presence: when each agent was last seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::{AgentName, TenantId, Time};

/// Last times by agent; as many as there are agents, which configuration limits.
#[derive(Default)]
pub(crate) struct Presence {
    last: Mutex<HashMap<(TenantId, AgentName), Time>>,
}

impl Presence {
    pub(crate) fn seen(&self, tenant: TenantId, agent: &AgentName, now: Time) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).insert((tenant, agent.clone()), now);
    }

    pub(crate) fn last(&self, tenant: TenantId, agent: &AgentName) -> Option<Time> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(&(tenant, agent.clone())).copied()
    }
}
