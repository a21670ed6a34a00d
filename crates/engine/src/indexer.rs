//! The indexer: keeps the full-text index near the head of the log, so that a search has little to catch up with.

use std::time::Duration;

use crate::background::Stepped;
use crate::{Engine, Result};

/// Between the two looks at whether changes wait: longer than a group takes to be made.
const SECOND_LOOK: Duration = Duration::from_millis(2);

impl Engine {
    /// Indexes a part of every tenant that is behind. While changes wait to be committed it leaves the processor to them: a
    /// search that cannot wait catches up by itself.
    pub async fn indexer_step(&self) -> Result<Stepped> {
        if self.is_busy().await || !self.has(&self.inner.duties.indexer).await? {
            return Ok(Stepped::Idle);
        }
        let mut more = false;
        for tenant in self.inner.store.unindexed().await? {
            more |= self.inner.store.index_step(tenant).await?;
        }
        Ok(if more { Stepped::More } else { Stepped::Idle })
    }

    /// Whether changes wait. Between two groups none do, however many come: so it looks twice.
    async fn is_busy(&self) -> bool {
        let waits = || self.inner.store.queue_depth() > 0;
        if waits() {
            return true;
        }
        tokio::time::sleep(SECOND_LOOK).await;
        waits()
    }
}
