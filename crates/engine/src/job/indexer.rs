//! The indexer: keeps the full-text index near the head of the log, so that a search has little to catch up with.

use std::sync::Arc;
use std::time::Duration;

use store::Store;

use super::{ElectedJob, Stepped};
use crate::Result;

/// Between the two looks at whether changes wait: longer than a group takes to be made.
const SECOND_LOOK: Duration = Duration::from_millis(2);

/// Keeps the full-text index near the head of the log.
pub(super) struct Indexer {
    store: Store,
    elected: Arc<ElectedJob>,
}

impl Indexer {
    pub(super) fn new(store: Store, elected: Arc<ElectedJob>) -> Self {
        Self { store, elected }
    }

    /// Indexes a part of every tenant that is behind, unless changes wait to be committed.
    pub(super) async fn step(&self) -> Result<Stepped> {
        if self.is_busy().await || !self.elected.is_held().await? {
            return Ok(Stepped::Idle);
        }
        let mut more = false;
        for tenant in self.store.unindexed().await? {
            more |= self.store.index_step(tenant).await?;
        }
        Ok(if more { Stepped::More } else { Stepped::Idle })
    }

    /// Whether changes wait. Between two groups none do, however many come: so it looks twice.
    async fn is_busy(&self) -> bool {
        let waits = || self.store.queue_depth() > 0;
        if waits() {
            return true;
        }
        tokio::time::sleep(SECOND_LOOK).await;
        waits()
    }
}
