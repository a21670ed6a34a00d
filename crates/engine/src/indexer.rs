//! The indexer: keeps the full-text index near the head of the log, so that a search has little to catch up with.

use crate::background::Stepped;
use crate::{Engine, Result};

impl Engine {
    /// Indexes a part of every tenant that is behind. While changes wait to be committed it leaves the processor to them: a
    /// search that cannot wait catches up by itself.
    pub async fn indexer_step(&self) -> Result<Stepped> {
        if self.inner.store.queue_depth() > 0 || !self.has(&self.inner.duties.indexer).await? {
            return Ok(Stepped::Idle);
        }
        let mut more = false;
        for tenant in self.inner.store.unindexed().await? {
            more |= self.inner.store.index_step(tenant).await?;
        }
        Ok(if more { Stepped::More } else { Stepped::Idle })
    }
}
