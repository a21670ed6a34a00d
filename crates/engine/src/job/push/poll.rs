//! Polling the store for whom to push to.

use std::sync::Arc;

use domain::AgentName;
use store::Store;

use super::PushQueue;
use crate::directory::Directories;
use crate::job::Stepped;
use crate::{Clock, Result};

/// Asks the store who has a webhook, something pending, and no push under way or pause.
pub(in crate::job) struct PushPoll {
    store: Store,
    clock: Clock,
    directories: Arc<Directories>,
    pushes: Arc<PushQueue>,
}

impl PushPoll {
    pub(in crate::job) fn new(
        store: Store,
        clock: Clock,
        directories: Arc<Directories>,
        pushes: Arc<PushQueue>,
    ) -> Self {
        Self { store, clock, directories, pushes }
    }

    /// Adds whoever is to be pushed to to the queue.
    pub(in crate::job) async fn step(&self) -> Result<Stepped> {
        if !self.pushes.is_served() {
            return Ok(Stepped::Idle);
        }
        for (tenant, ..) in self.store.heads().await? {
            let directory = self.directories.newest(tenant).await?;
            let hooks = self.pushes.hooks_of(tenant, &directory);
            let agents: Vec<AgentName> = hooks.keys().cloned().collect();
            let pushable = self.store.pushable(tenant, &agents, self.clock.now()).await?;
            self.pushes.add(tenant, &pushable).await?;
        }
        Ok(Stepped::Idle)
    }
}
