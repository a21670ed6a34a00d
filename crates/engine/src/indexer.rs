//! The indexer: keeps the full-text index near the head of the log, so that a search has little to catch up with.

use crate::background::Stepped;
use crate::{Engine, Result};

impl Engine {
    /// Indexes a part of every tenant that is behind. While changes wait to be committed it leaves the processor to them, and
    /// does one part at a time.
    pub async fn indexer_step(&self) -> Result<Stepped> {
        let mut more = false;
        for tenant in self.inner.store.unindexed().await? {
            more |= self.inner.store.index_step(tenant).await?;
        }
        let busy = self.inner.store.queue_depth() > 0;
        Ok(if more && !busy { Stepped::More } else { Stepped::Idle })
    }
}
