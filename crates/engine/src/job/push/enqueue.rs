//! Adding to the queue those that have a webhook.

use std::sync::Arc;

use broker::Task;
use domain::{AgentName, Directory, TenantId};
use store::Store;

use super::hooked::{Hooked, Hooks};
use super::queue::{Queue, Target};
use crate::Result;
use crate::directory::Directories;

/// The queue of those that are to be pushed to, and who can be.
pub(crate) struct PushQueue {
    store: Store,
    directories: Arc<Directories>,
    is_served: bool,
    hooked: Hooked,
    queue: Arc<Queue>,
}

impl PushQueue {
    /// `is_served` says whether anything pushes; where nothing does, nobody is added.
    pub(crate) fn new(store: Store, directories: Arc<Directories>, is_served: bool) -> Self {
        Self { store, directories, is_served, hooked: Hooked::default(), queue: Arc::default() }
    }

    /// Whether anything pushes.
    pub(super) fn is_served(&self) -> bool {
        self.is_served
    }

    pub(super) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Who has a webhook in this directory.
    pub(super) fn hooks_of(&self, tenant: TenantId, directory: &Directory) -> Hooks {
        self.hooked.of(tenant, directory)
    }

    /// Adds those of these agents that have a webhook.
    pub(crate) async fn add(&self, tenant: TenantId, agents: &[AgentName]) -> Result<()> {
        if agents.is_empty() || !self.is_served {
            return Ok(());
        }
        let hooks = self.hooked.of(tenant, &*self.directories.of(tenant).await?);
        for agent in agents {
            if let Some(host) = hooks.get(agent) {
                self.queue.add(Target { tenant, agent: agent.clone(), host: host.clone() });
            }
        }
        Ok(())
    }

    /// Adds the recipients of a task's message that have a webhook.
    pub(crate) async fn add_task(&self, task: Task) -> Result<()> {
        if !self.is_served {
            return Ok(());
        }
        let hooks = self.hooked.of(task.tenant, &*self.directories.of(task.tenant).await?);
        if hooks.is_empty() {
            return Ok(());
        }
        let stored = self.store.message_at(task.tenant, task.seq).await?;
        let recipients = stored.map(|stored| stored.message.recipients).unwrap_or_default();
        self.add(task.tenant, &recipients).await
    }
}
