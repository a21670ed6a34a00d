//! What this process keeps in its own memory, with Redis and without.

use std::sync::Arc;

use domain::{AgentName, TenantId};
use tokio::sync::{Notify, broadcast};

use crate::bell::Bells;
use crate::limits::Limits;
use crate::news::{News, Stale};
use crate::presence::Presence;

/// Words of staleness that a listener may lag behind before it is told that everything is stale.
const STALE_HELD: usize = 256;

/// Bells, presence, limits, and who wants to know what is stale.
pub(crate) struct Local {
    pub(crate) inboxes: Arc<Bells<(TenantId, AgentName)>>,
    pub(crate) logs: Arc<Bells<TenantId>>,
    /// Wakes the one that looks for tasks.
    pub(crate) tasks: Notify,
    pub(crate) presence: Presence,
    pub(crate) limits: Limits,
    pub(crate) stale: broadcast::Sender<Stale>,
}

impl Default for Local {
    fn default() -> Self {
        Self {
            inboxes: Arc::default(),
            logs: Arc::default(),
            tasks: Notify::new(),
            presence: Presence::default(),
            limits: Limits::default(),
            stale: broadcast::Sender::new(STALE_HELD),
        }
    }
}

impl Local {
    /// Passes on what another process has told.
    pub(crate) fn hear(&self, news: News) {
        match news {
            News::Inbox(tenant, agent) => self.inboxes.ring(&(tenant, agent)),
            News::Log(tenant) => self.logs.ring(&tenant),
            News::Tasks => self.tasks.notify_one(),
            News::Stale(stale) => self.tell_stale(stale),
            News::Everything => self.look_at_everything(),
        }
    }

    /// Lets everybody who waits look, and nobody trust what is remembered: news may have been missed.
    pub(crate) fn look_at_everything(&self) {
        self.tell_stale(Stale::Everything);
        self.ring_all();
    }

    /// Lets everybody who waits look.
    pub(crate) fn ring_all(&self) {
        self.inboxes.ring_all();
        self.logs.ring_all();
        self.tasks.notify_one();
    }

    fn tell_stale(&self, stale: Stale) {
        // Without anybody who wants to know, there is nothing to tell.
        let _ = self.stale.send(stale);
    }
}
