//! What this process keeps in its own memory, with Redis and without.

use std::sync::Arc;

use domain::{AgentName, TenantId};
use tokio::sync::{Notify, broadcast};

use crate::invalidation::{Invalidation, Stale};
use crate::limits::Limits;
use crate::notifier::Notifiers;
use crate::presence::Presence;

/// Invalidations that a receiver may lag behind; beyond, it is told that everything is stale.
const STALE_HELD: usize = 256;

/// Notifiers, presence, limits, and the channel of invalidations.
pub(crate) struct Local {
    pub(crate) inboxes: Arc<Notifiers<(TenantId, AgentName)>>,
    pub(crate) logs: Arc<Notifiers<TenantId>>,
    /// Wakes the relay, which polls for tasks.
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
    /// Applies what another process has sent.
    pub(crate) fn apply(&self, news: Invalidation) {
        match news {
            Invalidation::Inbox(tenant, agent) => self.inboxes.notify(&(tenant, agent)),
            Invalidation::Log(tenant) => self.logs.notify(&tenant),
            Invalidation::Tasks => self.tasks.notify_one(),
            Invalidation::Stale(stale) => self.send_stale(stale),
            Invalidation::Everything => self.invalidate_everything(),
        }
    }

    /// Wakes every subscriber and invalidates every cache, for when messages may have been missed.
    pub(crate) fn invalidate_everything(&self) {
        self.send_stale(Stale::Everything);
        self.notify_all();
    }

    /// Wakes every subscriber.
    pub(crate) fn notify_all(&self) {
        self.inboxes.notify_all();
        self.logs.notify_all();
        self.tasks.notify_one();
    }

    fn send_stale(&self, stale: Stale) {
        // Sending fails only when there is no receiver.
        let _ = self.stale.send(stale);
    }
}
