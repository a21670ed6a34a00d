//! Searching: the one verb that may be heavy. It is bounded in what it asks for, in time, and in how many run at a time.

use domain::filter::MessageFilter;
use domain::key::Caller;
use domain::refusal::{Code, Refusal};
use store::{Readable, StoredMessage};

use crate::quota::Holder;
use crate::{Result, Session};

impl Session {
    /// Messages that hold words and meet the filter, newest first, before a position.
    ///
    /// Fails with `too-many-items` and `invalid-field` where it asks for too much, with `overloaded` where too many wait, and
    /// with `request-timeout` where it is not done in `limits.search_time`. Dropped, it ends.
    pub(crate) async fn search(
        &self,
        caller: &Caller,
        filter: &MessageFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        let limits = &self.config().limits;
        limits.search_bounds().check(filter.q.as_deref().unwrap_or_default())?;
        let turn = self.inner.searches.turn(Holder::of(caller)).await?;
        let store = self.inner.store.searching(turn);
        let readable = Readable::by(caller);
        let search = store.search(readable, filter, before, limit);
        let found = tokio::time::timeout(limits.search_time.to_std(), search).await;
        Ok(found.map_err(|_| {
            Refusal::new(Code::RequestTimeout, format!("The search was not done in {}.", limits.search_time))
                .with_remedy("Ask for fewer or rarer words, and for longer beginnings of words.")
                .retry_after(domain::Span::from_secs(1))
        })??)
    }
}
