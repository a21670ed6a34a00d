//! The pages that configuration allows.

use domain::Page;

use crate::{Engine, Result};

impl Engine {
    /// The number of items asked for; fails with `too-many-items` beyond what a page holds.
    pub(crate) fn limit(&self, page: &Page) -> Result<usize> {
        let limits = &self.config().limits;
        Ok(page.limit(limits.page_items, limits.page_items_max)?)
    }
}
