//! Streams: the log and inboxes, followed as they grow, without loss or repeat.

use std::collections::VecDeque;

use domain::event::Event;
use domain::key::Caller;
use domain::{AgentName, Span, TenantId};
use futures_util::Stream;
use futures_util::stream::unfold;
use store::EventFilter;

use crate::waiters::Place;
use crate::{Engine, InboxItem, Result};

/// Entries that a stream reads at a time.
const PAGE: usize = 200;
/// Who waits looks by itself this often where bells in other processes are not heard.
const LOOK: Span = Span::from_secs(1);
/// And this often where they are, should one have been lost.
const LOOK_RARELY: Span = Span::from_secs(5);

/// What a stream remembers between two entries.
struct Following<T> {
    engine: Engine,
    tenant: TenantId,
    after: i64,
    read: VecDeque<T>,
    _place: Place,
}

impl Engine {
    /// Follows the log after a position; ends when the engine drains. Refuses a position before the beginning of a log whose
    /// first part is in the archive, and one behind its end.
    pub async fn follow_events(
        &self,
        caller: &Caller,
        filter: EventFilter,
        after: i64,
    ) -> Result<impl Stream<Item = Result<Event>> + Send + 'static> {
        caller.must_observe()?;
        self.must_be_here(caller.tenant, after).await?;
        self.must_not_be_ahead(caller.tenant, after).await?;
        let following = self.following(caller.tenant, after)?;
        Ok(unfold(following, move |mut following| {
            let filter = filter.clone();
            async move {
                while following.read.is_empty() {
                    let (engine, tenant) = (following.engine.clone(), following.tenant);
                    let bell = engine.inner.ephemeral.log(tenant);
                    let ring = bell.ring();
                    match engine.inner.store.events(tenant, &filter, following.after, PAGE).await {
                        Ok(events) => following.read.extend(events),
                        Err(error) => return Some((Err(error.into()), following)),
                    }
                    if following.read.is_empty() && !engine.waited(ring).await {
                        return None;
                    }
                }
                let event = following.read.pop_front()?;
                following.after = event.seq;
                Some((Ok(event), following))
            }
        }))
    }

    /// Follows an inbox after a position, or from now on, and says which position that is; ends when the engine drains.
    /// Refuses positions as [`Engine::follow_events`] does.
    pub async fn follow_inbox(
        &self,
        caller: &Caller,
        agent: &str,
        after: Option<i64>,
    ) -> Result<(i64, impl Stream<Item = Result<(i64, InboxItem)>> + Send + 'static)> {
        let agent = self.known_agent(caller, agent).await?;
        let after = match after {
            Some(after) => {
                self.must_be_here(caller.tenant, after).await?;
                self.must_not_be_ahead(caller.tenant, after).await?;
                after
            }
            None => self.inner.store.head(caller.tenant).await?.map_or(0, |(seq, ..)| seq),
        };
        let following = self.following(caller.tenant, after)?;
        Ok((after, unfold(following, move |following| next_arrival(following, agent.clone()))))
    }

    fn following<T>(&self, tenant: TenantId, after: i64) -> Result<Following<T>> {
        let place = self.inner.waiters.stream()?;
        Ok(Following { engine: self.clone(), tenant, after, read: VecDeque::new(), _place: place })
    }

    /// Passes when it is time to look without having been rung for: where others write, a bell may be lost on the way. In one
    /// process none is, and this never passes.
    pub(crate) async fn look(&self) {
        if self.inner.store.is_shared() {
            let look = if self.inner.ephemeral.hears_others() { LOOK_RARELY } else { LOOK };
            tokio::time::sleep(look.to_std()).await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    /// Waits for a ring or for the time to look again; answers whether to go on.
    async fn waited(&self, ring: impl Future<Output = ()>) -> bool {
        tokio::select! {
            () = ring => true,
            () = self.look() => true,
            () = self.inner.draining.cancelled() => false,
        }
    }
}

type Arrival = (Result<(i64, InboxItem)>, Following<(i64, InboxItem)>);

async fn next_arrival(mut following: Following<(i64, InboxItem)>, agent: AgentName) -> Option<Arrival> {
    while following.read.is_empty() {
        let (engine, tenant) = (following.engine.clone(), following.tenant);
        let bell = engine.inner.ephemeral.inbox(tenant, &agent);
        let ring = bell.ring();
        match engine.inner.store.arrivals(tenant, &agent, following.after, PAGE).await {
            Ok((arrivals, covered)) => {
                following.read.extend(arrivals.into_iter().map(|(at, found)| (at, found.into())));
                // What is read is delivered before the position moves past it.
                if following.read.is_empty() && covered > following.after {
                    following.after = covered;
                    continue;
                }
            }
            Err(error) => return Some((Err(error.into()), following)),
        }
        if following.read.is_empty() && !engine.waited(ring).await {
            return None;
        }
    }
    let (at, item) = following.read.pop_front()?;
    following.after = at;
    Some((Ok((at, item)), following))
}
