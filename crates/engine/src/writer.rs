//! Committing what was decided, and notifying whom it concerns.

use std::sync::Arc;

use domain::{AgentName, Directory, Refusal, TenantId};
use ephemeral::{Ephemeral, Stale};
use store::{Change, Command, Record, Store};

use crate::directory::{Directories, TRIES};
use crate::job::push::PushQueue;
use crate::{Clock, Error, Result};

/// Commits changes and notifies whom they concern.
pub(crate) struct Writer {
    store: Store,
    clock: Clock,
    ephemeral: Ephemeral,
    directories: Arc<Directories>,
    pushes: Arc<PushQueue>,
}

impl Writer {
    pub(crate) fn new(
        store: Store,
        clock: Clock,
        ephemeral: Ephemeral,
        directories: Arc<Directories>,
        pushes: Arc<PushQueue>,
    ) -> Self {
        Self { store, clock, ephemeral, directories, pushes }
    }

    /// Commits a change that was decided on nothing but its rows, and notifies whom it concerns.
    pub(crate) async fn change<C: Command>(&self, tenant: TenantId, command: C) -> Result<C::Outcome> {
        let committed = self.store.commit(Change { tenant, now: self.clock.now(), version: None, command }).await?;
        self.notify_recipients(tenant, &committed.notify).await;
        Ok(committed.outcome)
    }

    /// Commits facts that were decided on a directory of this version; decides again where it has changed.
    pub(crate) async fn record<T>(
        &self,
        tenant: TenantId,
        decide: impl Fn(&Directory) -> std::result::Result<(Record, T), Refusal>,
    ) -> Result<T> {
        for _ in 0..TRIES {
            let directory = self.directories.of(tenant).await?;
            let (command, answer) = decide(&directory)?;
            if command.events.is_empty() {
                return Ok(answer);
            }
            let version = directory.version;
            // Let go, so that what was committed can be applied to it without a copy.
            drop(directory);
            let facts = command.facts.clone();
            let change = Change { tenant, now: self.clock.now(), version: Some(version), command };
            match self.store.commit(change).await {
                Ok(_) => {
                    self.directories.apply(tenant, version, facts);
                    self.ephemeral.invalidate(Stale::Directory(tenant));
                    self.notify_log(tenant);
                    return Ok(answer);
                }
                Err(store::Error::Conflict) => self.directories.forget(tenant, version),
                Err(error) => {
                    // Perhaps done.
                    self.directories.forget(tenant, version);
                    return Err(error.into());
                }
            }
        }
        Err(Error::Store(store::Error::Conflict))
    }

    /// Notifies those that a commit gave something to receive, by asking or by a push, and those that follow the log.
    pub(crate) async fn notify_recipients(&self, tenant: TenantId, agents: &[AgentName]) {
        for agent in agents {
            self.notify_inbox(tenant, agent);
        }
        self.notify_log(tenant);
        if let Err(error) = self.pushes.add(tenant, agents).await {
            tracing::debug!(%error, "pushes wait for the next poll");
        }
    }

    /// Notifies one of those that wait for an inbox.
    pub(crate) fn notify_inbox(&self, tenant: TenantId, agent: &AgentName) {
        self.ephemeral.notify_inbox(tenant, agent);
    }

    /// Notifies those that follow the log.
    pub(crate) fn notify_log(&self, tenant: TenantId) {
        self.ephemeral.notify_log(tenant);
    }

    /// Notifies the relay that there may be tasks to publish.
    pub(crate) fn notify_tasks(&self) {
        self.ephemeral.notify_tasks();
    }
}
