//! The trimmer: removes from the store what is archived, settled and older than the retention, a bounded step at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{TenantId, Time};
use store::{Progress, RemoveMessages, Store, TrimLog};

use super::{ElectedJob, Stepped};
use crate::config::RetentionConfig;
use crate::{Clock, Error, Result, archive};

/// Events by which the beginning of a log moves at once.
const EVENTS: usize = 1_000;
/// Messages that are looked at, and removed, at once.
const MESSAGES: usize = 200;

/// Removes what is archived and old.
pub(super) struct Trimmer {
    store: Store,
    clock: Clock,
    retention: RetentionConfig,
    has_archive: bool,
    elected: Arc<ElectedJob>,
    /// Up to where each tenant's kept messages were looked at in this round.
    swept: Mutex<HashMap<TenantId, i64>>,
}

impl Trimmer {
    pub(super) fn new(
        store: Store,
        clock: Clock,
        retention: RetentionConfig,
        has_archive: bool,
        elected: Arc<ElectedJob>,
    ) -> Self {
        Self { store, clock, retention, has_archive, elected, swept: Mutex::default() }
    }

    /// Takes one step with each tenant.
    pub(super) async fn step(&self) -> Result<Stepped> {
        if self.retention.events.is_none() || !self.has_archive || !self.elected.is_held().await? {
            return Ok(Stepped::Idle);
        }
        let mut stepped = Stepped::Idle;
        for progress in self.store.archive_progress().await? {
            let moved = match self.trim_next(&progress).await {
                // Somebody else has just moved it.
                Err(Error::Store(store::Error::Conflict)) => true,
                moved => moved?,
            };
            if moved | self.remove_next(progress.tenant).await? {
                stepped = Stepped::More;
            }
        }
        Ok(stepped)
    }

    /// Moves the beginning of a log; answers whether it did.
    async fn trim_next(&self, progress: &Progress) -> Result<bool> {
        let Progress { tenant, head, archived, trimmed: after, .. } = *progress;
        let Some(retention) = self.retention.events else { return Ok(false) };
        let readers = self.store.slowest_reader(tenant).await?.unwrap_or(0);
        let frontier = archived.min(readers).min(head - 1);
        if frontier <= after {
            return Ok(false);
        }
        let now = self.clock.now();
        let sizes = self.store.sizes(tenant, after, EVENTS).await?;
        let old = sizes.iter().take_while(|sized| sized.seq <= frontier && now.since(sized.at) >= retention);
        let Some(to) = old.last().map(|sized| sized.seq) else { return Ok(false) };
        archive::commit(&self.store, tenant, now, TrimLog { after, to }).await.map(|()| true)
    }

    /// Looks at the next messages before the beginning of a log and removes those that are over; answers whether there are more
    /// to look at in this round.
    async fn remove_next(&self, tenant: TenantId) -> Result<bool> {
        let retention = &self.retention;
        let Some(longest) = retention.events.max(retention.messages) else { return Ok(false) };
        let after = self.swept().get(&tenant).copied().unwrap_or(0);
        let before = Time(self.clock.now().0 - longest.0);
        let found = self.store.removable(tenant, before, after, MESSAGES).await?;
        if !found.messages.is_empty() {
            let remove = RemoveMessages { messages: found.messages };
            archive::commit(&self.store, tenant, self.clock.now(), remove).await?;
        }
        self.swept().insert(tenant, found.reached.unwrap_or(0));
        Ok(found.reached.is_some())
    }

    fn swept(&self) -> MutexGuard<'_, HashMap<TenantId, i64>> {
        self.swept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
