//! Streams: the log and inboxes, followed as they grow, without loss or repeat.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::event::Event;
use domain::key::Caller;
use domain::{AgentName, Span, TenantId};
use futures_util::Stream;
use futures_util::stream::unfold;
use store::{EventFilter, ReadBounds};

use crate::quota::Holder;
use crate::waiters::StreamPlace;
use crate::{Engine, InboxItem, Result, Session};

/// Entries that a stream reads at a time, at most: twice as many as it found the last time, so that little is read in vain where
/// they are large.
const PAGE_MAX: usize = 200;
const PAGE_MIN: usize = 4;
/// Who waits looks by itself this often where bells in other processes are not heard.
const POLL: Span = Span::from_secs(1);
/// And this often where they are, should one have been lost.
const POLL_RARELY: Span = Span::from_secs(5);

/// What a stream remembers between two entries.
struct Following<T> {
    session: Session,
    tenant: TenantId,
    /// Whose inbox it is; none: it is the log.
    agent: Option<AgentName>,
    after: i64,
    read: VecDeque<T>,
    /// How much is read the next time.
    page: ReadBounds,
    /// Whether it has said why it ends.
    over: bool,
    _place: StreamPlace,
}

impl Session {
    /// Follows the log after a position; ends when the engine drains. Refuses a position before the beginning of a log whose
    /// first part is in the archive, and one behind its end.
    ///
    /// Ends with `unauthenticated` as its last item within a second after the session has ended.
    pub async fn follow_events(
        &self,
        filter: EventFilter,
        after: i64,
    ) -> Result<impl Stream<Item = Result<Event>> + Send + 'static> {
        let caller = self.caller().await?;
        caller.must_observe()?;
        self.must_be_here(caller.tenant, after).await?;
        self.must_not_be_ahead(caller.tenant, after).await?;
        let following = self.following(caller, None, after)?;
        let filter = Arc::new(filter);
        Ok(unfold(following, move |mut following| {
            let filter = Arc::clone(&filter);
            async move {
                let next = if following.over { Ok(None) } else { following.next_event(&filter).await };
                following.entry(next)
            }
        }))
    }

    /// Follows an inbox after a position, or from now on, and says which position that is; ends when the engine drains.
    /// Refuses positions as [`Session::follow_events`] does.
    ///
    /// Ends with a refusal as its last item within a second after the session has ended (`unauthenticated`) or the agent was
    /// retired (`not-found`).
    pub async fn follow_inbox(
        &self,
        agent: &str,
        after: Option<i64>,
    ) -> Result<(i64, impl Stream<Item = Result<(i64, InboxItem)>> + Send + 'static)> {
        let caller = self.caller().await?;
        let agent = self.known_agent(caller, agent).await?;
        self.must_go_on(Some(&agent)).await?;
        let after = match after {
            Some(after) => {
                self.must_be_here(caller.tenant, after).await?;
                self.must_not_be_ahead(caller.tenant, after).await?;
                after
            }
            None => self.inner.store.head(caller.tenant).await?.map_or(0, |(seq, ..)| seq),
        };
        let following = self.following(caller, Some(agent), after)?;
        let items = unfold(following, |mut following| async move {
            let next = if following.over { Ok(None) } else { following.next_arrival().await };
            following.entry(next)
        });
        Ok((after, items))
    }

    fn following<T>(&self, caller: &Caller, agent: Option<AgentName>, after: i64) -> Result<Following<T>> {
        let (tenant, holder) = (caller.tenant, Holder::of(caller));
        let place = self.inner.waiters.stream(holder)?;
        let session = self.clone();
        let page = ReadBounds { items: PAGE_MIN, bytes: self.config().limits.stream_buffer_bytes.as_usize() };
        Ok(Following { session, tenant, agent, after, read: VecDeque::new(), page, over: false, _place: place })
    }
}

impl Engine {
    /// Passes when it is time to look without having been rung for: where others write, a bell may be lost on the way. In one
    /// process none is, and this never passes.
    pub(crate) async fn poll_interval(&self) {
        if self.inner.store.is_shared() {
            let interval = if self.inner.ephemeral.hears_others() { POLL_RARELY } else { POLL };
            tokio::time::sleep(interval.to_std()).await;
        } else {
            std::future::pending::<()>().await;
        }
    }
}

impl<T> Following<T> {
    /// Waits for a notification or for the next poll; answers whether to go on. Fails where the session has ended.
    async fn waited(&self, notified: impl Future<Output = ()>) -> Result<bool> {
        tokio::select! {
            () = notified => Ok(true),
            () = self.session.poll_interval() => Ok(true),
            () = self.session.inner.draining.cancelled() => Ok(false),
            error = self.session.ended(self.agent.as_ref()) => Err(error),
        }
    }

    /// Takes what was read, which is delivered before more is read.
    fn keep(&mut self, read: impl IntoIterator<Item = T>) {
        self.read.extend(read);
        let found = if self.read.is_empty() { self.page.items } else { self.read.len() };
        self.page.items = (found * 2).clamp(PAGE_MIN, PAGE_MAX);
    }

    /// The next entry of the stream, with which it goes on; a failure is its last.
    fn entry<I>(mut self, next: Result<Option<I>>) -> Option<(Result<I>, Self)> {
        self.over |= next.is_err();
        next.transpose().map(|next| (next, self))
    }
}

impl Following<Event> {
    async fn next_event(&mut self, filter: &EventFilter) -> Result<Option<Event>> {
        self.session.must_go_on(None).await?;
        while self.read.is_empty() {
            let subscription = self.session.inner.ephemeral.log(self.tenant);
            let notified = subscription.notified();
            let events = self.session.inner.store.events(self.tenant, filter, self.after, self.page).await?;
            self.keep(events);
            if self.read.is_empty() && !self.waited(notified).await? {
                return Ok(None);
            }
        }
        let event = self.read.pop_front();
        self.after = event.as_ref().map_or(self.after, |event| event.seq);
        Ok(event)
    }
}

impl Following<(i64, InboxItem)> {
    async fn next_arrival(&mut self) -> Result<Option<(i64, InboxItem)>> {
        self.session.must_go_on(self.agent.as_ref()).await?;
        let Some(agent) = self.agent.clone() else { return Ok(None) };
        while self.read.is_empty() {
            let subscription = self.session.inner.ephemeral.inbox(self.tenant, &agent);
            let notified = subscription.notified();
            let (arrivals, covered) =
                self.session.inner.store.arrivals(self.tenant, &agent, self.after, self.page).await?;
            self.keep(arrivals.into_iter().map(|(at, found)| (at, found.into())));
            // What is read is delivered before the position moves past it.
            if self.read.is_empty() && covered > self.after {
                self.after = covered;
                continue;
            }
            if self.read.is_empty() && !self.waited(notified).await? {
                return Ok(None);
            }
        }
        let arrival = self.read.pop_front();
        self.after = arrival.as_ref().map_or(self.after, |(at, _)| *at);
        Ok(arrival)
    }
}
