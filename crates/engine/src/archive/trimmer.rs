//! The trimmer: removes from the store what is archived, settled and older than the retention, a bounded step at a time.

use domain::{TenantId, Time};
use store::{Progress, RemoveMessages, TrimLog};

use crate::background::Stepped;
use crate::{Engine, Error, Result};

/// Events by which the beginning of a log moves at once.
const EVENTS: usize = 1_000;
/// Messages that are looked at, and removed, at once.
const MESSAGES: usize = 200;

impl Engine {
    /// Takes one step with each tenant: moves the beginning of its log, then removes messages before it that are over; in the
    /// process that has the timers.
    pub async fn trimmer_step(&self) -> Result<Stepped> {
        if self.config().retention.events.is_none() || self.inner.archive.objects.is_none() {
            return Ok(Stepped::Idle);
        }
        if !self.has(&self.inner.duties.timers).await? {
            return Ok(Stepped::Idle);
        }
        let mut stepped = Stepped::Idle;
        for progress in self.inner.store.archive_progress().await? {
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
        let Some(retention) = self.config().retention.events else { return Ok(false) };
        let readers = self.inner.store.slowest_reader(tenant).await?.unwrap_or(0);
        let frontier = archived.min(readers).min(head - 1);
        if frontier <= after {
            return Ok(false);
        }
        let now = self.now();
        let sizes = self.inner.store.sizes(tenant, after, EVENTS).await?;
        let old = sizes.iter().take_while(|sized| sized.seq <= frontier && now.since(sized.at) >= retention);
        let Some(to) = old.last().map(|sized| sized.seq) else { return Ok(false) };
        self.take(tenant, TrimLog { after, to }).await.map(|()| true)
    }

    /// Looks at the next messages before the beginning of a log and removes those that are over; answers whether there are more
    /// to look at in this round.
    async fn remove_next(&self, tenant: TenantId) -> Result<bool> {
        let retention = &self.config().retention;
        let Some(longest) = retention.events.max(retention.messages) else { return Ok(false) };
        let after = self.inner.archive.swept(tenant);
        let before = Time(self.now().0 - longest.0);
        let found = self.inner.store.removable(tenant, before, after, MESSAGES).await?;
        if !found.messages.is_empty() {
            self.take(tenant, RemoveMessages { messages: found.messages }).await?;
        }
        self.inner.archive.sweep_to(tenant, found.reached.unwrap_or(0));
        Ok(found.reached.is_some())
    }
}
