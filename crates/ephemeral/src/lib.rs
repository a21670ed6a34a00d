//! What may vanish: wake-ups and presence.
//!
//! Nothing true lives here. A lost wake-up costs a moment, because whoever waits also looks by itself now and then; a lost
//! presence costs a "last seen".

mod bell;
mod presence;

use std::sync::Arc;

use domain::{AgentName, TenantId, Time};

pub use bell::Subscription;

/// Wake-ups and presence, in process. Cheap to clone; every clone is the same.
#[derive(Clone, Default)]
pub struct Ephemeral {
    inboxes: Arc<bell::Bells<(TenantId, AgentName)>>,
    logs: Arc<bell::Bells<TenantId>>,
    presence: Arc<presence::Presence>,
}

impl Ephemeral {
    /// Tells whoever waits for this inbox that something came.
    pub fn ring_inbox(&self, tenant: TenantId, agent: &AgentName) {
        self.inboxes.ring(&(tenant, agent.clone()));
    }

    /// Tells whoever follows this tenant's log that it has grown.
    pub fn ring_log(&self, tenant: TenantId) {
        self.logs.ring(&tenant);
    }

    /// Waits for an inbox. Subscribe first, look then, wait last: so nothing slips in between.
    pub fn inbox(&self, tenant: TenantId, agent: &AgentName) -> Subscription<(TenantId, AgentName)> {
        bell::Bells::subscribe(&self.inboxes, (tenant, agent.clone()))
    }

    /// Waits for a tenant's log.
    pub fn log(&self, tenant: TenantId) -> Subscription<TenantId> {
        bell::Bells::subscribe(&self.logs, tenant)
    }

    /// Notes that an agent was there.
    pub fn seen(&self, tenant: TenantId, agent: &AgentName, now: Time) {
        self.presence.seen(tenant, agent, now);
    }

    /// When an agent was last there, as far as it is remembered.
    pub fn last_seen(&self, tenant: TenantId, agent: &AgentName) -> Option<Time> {
        self.presence.last(tenant, agent)
    }
}
