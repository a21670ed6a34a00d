//! Turns for searches: a few run at a time, tenants take turns, and so many wait as the limits say.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use domain::refusal::{Code, Refusal};
use domain::{Span, TenantId};
use tokio::sync::oneshot;

use crate::config::Limits;
use crate::quota::{Full, Holder, Quota, Share};

/// The searches that run and wait. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub(crate) struct Searches {
    state: Arc<Mutex<State>>,
    waiting: Quota,
    running_max: usize,
    running_per_tenant_max: usize,
}

#[derive(Default)]
struct State {
    running: usize,
    running_of: HashMap<TenantId, usize>,
    /// Who waits, by tenant; none is empty.
    waiting: HashMap<TenantId, VecDeque<Waiting>>,
    /// The tenants that wait; the next one first.
    next: VecDeque<TenantId>,
    tickets: u64,
}

struct Waiting {
    ticket: u64,
    start: oneshot::Sender<Turn>,
}

/// A search that runs: another one may begin when this is dropped.
pub(crate) struct Turn {
    searches: Searches,
    tenant: TenantId,
}

/// A search that waits: dropped, it leaves the queue.
struct Queued<'a> {
    searches: &'a Searches,
    tenant: TenantId,
    ticket: u64,
    _share: Share,
}

impl Searches {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            state: Arc::default(),
            waiting: Quota::new(limits.search_wait_bounds()),
            running_max: limits.searches,
            running_per_tenant_max: limits.searches_per_tenant,
        }
    }

    /// Waits for a turn; fails with `overloaded` where as many wait as may.
    pub(crate) async fn turn(&self, holder: Holder) -> Result<Turn, Refusal> {
        let tenant = holder.tenant;
        if let Some(turn) = self.start_at_once(tenant) {
            return Ok(turn);
        }
        let share = self.waiting.one(holder).map_err(too_many)?;
        let (start, started) = oneshot::channel();
        let ticket = self.enqueue(tenant, start);
        let _queued = Queued { searches: self, tenant, ticket, _share: share };
        // A turn may have become free before the search was in the queue.
        self.start_next();
        started.await.map_err(|_| Refusal::new(Code::Draining, "The server is shutting down."))
    }

    fn start_at_once(&self, tenant: TenantId) -> Option<Turn> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let free = state.running < self.running_max && self.may_start(&state, tenant);
        (free && !state.waiting.contains_key(&tenant)).then(|| self.start(&mut state, tenant))
    }

    fn may_start(&self, state: &State, tenant: TenantId) -> bool {
        state.running_of.get(&tenant).copied().unwrap_or(0) < self.running_per_tenant_max
    }

    fn start(&self, state: &mut State, tenant: TenantId) -> Turn {
        state.running += 1;
        *state.running_of.entry(tenant).or_default() += 1;
        Turn { searches: self.clone(), tenant }
    }

    fn enqueue(&self, tenant: TenantId, start: oneshot::Sender<Turn>) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tickets += 1;
        let ticket = state.tickets;
        if !state.waiting.contains_key(&tenant) {
            state.next.push_back(tenant);
        }
        state.waiting.entry(tenant).or_default().push_back(Waiting { ticket, start });
        ticket
    }

    /// Lets those begin for whom there is room, one tenant after the other.
    fn start_next(&self) {
        while let Some((start, turn)) = self.next() {
            // Who is gone gives the turn back, and the next one gets it.
            drop(start.send(turn));
        }
    }

    fn next(&self) -> Option<(oneshot::Sender<Turn>, Turn)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.running >= self.running_max {
            return None;
        }
        let place = state.next.iter().position(|tenant| self.may_start(&state, *tenant))?;
        let tenant = state.next.remove(place)?;
        let queue = state.waiting.get_mut(&tenant)?;
        let first = queue.pop_front();
        if queue.is_empty() {
            state.waiting.remove(&tenant);
        } else {
            state.next.push_back(tenant);
        }
        let start = first?.start;
        Some((start, self.start(&mut state, tenant)))
    }
}

fn too_many(full: Full) -> Refusal {
    let detail = format!("{} searches wait {}; no more are held. Nothing was done.", full.held, full.whose);
    Refusal::new(Code::Overloaded, detail)
        .with_remedy("Search with fewer requests at a time.")
        .retry_after(Span::from_secs(1))
}

impl Drop for Turn {
    fn drop(&mut self) {
        {
            let mut state = self.searches.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.running -= 1;
            let own = state.running_of.remove(&self.tenant).unwrap_or(1) - 1;
            if own > 0 {
                state.running_of.insert(self.tenant, own);
            }
        }
        self.searches.start_next();
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut state = self.searches.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = state.waiting.get_mut(&self.tenant) else { return };
        queue.retain(|waiting| waiting.ticket != self.ticket);
        if queue.is_empty() {
            state.waiting.remove(&self.tenant);
            state.next.retain(|tenant| *tenant != self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::key::Caller;
    use futures_util::FutureExt;

    use super::*;

    fn searches(running: usize, per_tenant: usize, waiting: usize) -> Searches {
        Searches::new(&Limits {
            searches: running,
            searches_per_tenant: per_tenant,
            searches_waiting: waiting,
            searches_waiting_per_tenant: waiting,
            searches_waiting_per_key: 2,
            ..Limits::default()
        })
    }

    fn holder(tenant: i64, key: &str) -> Holder {
        Holder::of(&Caller { tenant: TenantId(tenant), key: Some(key.to_owned()), ..Caller::open() })
    }

    #[test]
    fn tenants_take_turns_however_many_searches_one_of_them_has() {
        let searches = searches(1, 1, 10);
        let first = searches.turn(holder(1, "a")).now_or_never().unwrap().unwrap();
        let mut loud: Vec<_> = ["b", "c", "d"].map(|key| Box::pin(searches.turn(holder(1, key)))).into();
        let mut quiet = Box::pin(searches.turn(holder(2, "a")));
        assert!(loud.iter_mut().all(|turn| turn.now_or_never().is_none()) && (&mut quiet).now_or_never().is_none());
        drop(first);
        let second = (&mut loud[0]).now_or_never().unwrap().unwrap();
        assert!((&mut loud[1]).now_or_never().is_none());
        drop(second);
        assert!((&mut loud[1]).now_or_never().is_none(), "it is the other tenant's turn");
        drop(quiet.now_or_never().unwrap().unwrap());
        assert!((&mut loud[1]).now_or_never().is_some());
    }

    #[test]
    fn one_tenant_cannot_have_all_turns() {
        let searches = searches(2, 1, 10);
        let _first = searches.turn(holder(1, "a")).now_or_never().unwrap().unwrap();
        let mut more = Box::pin(searches.turn(holder(1, "b")));
        assert!((&mut more).now_or_never().is_none());
        assert!(searches.turn(holder(2, "a")).now_or_never().is_some(), "the other turn is free for others");
    }

    #[test]
    fn the_queue_has_an_end_for_a_key_and_in_all() {
        let searches = searches(1, 1, 3);
        let _running = searches.turn(holder(1, "a")).now_or_never().unwrap().unwrap();
        let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(searches.turn(holder(1, "a")))).collect();
        assert!(waiting.iter_mut().all(|turn| turn.now_or_never().is_none()));
        let refused = searches.turn(holder(1, "a")).now_or_never().unwrap().err().unwrap();
        assert_eq!((refused.code, refused.retry_after), (Code::Overloaded, Some(Span::from_secs(1))));
        let mut other = Box::pin(searches.turn(holder(1, "b")));
        assert!((&mut other).now_or_never().is_none());
        assert!(searches.turn(holder(2, "c")).now_or_never().unwrap().is_err(), "three wait in all");
        waiting.pop();
        let mut again = Box::pin(searches.turn(holder(1, "a")));
        assert!((&mut again).now_or_never().is_none(), "who is gone has left the queue");
    }

    #[test]
    fn a_turn_is_not_lost_on_a_search_that_is_gone() {
        let searches = searches(1, 1, 10);
        let running = searches.turn(holder(1, "a")).now_or_never().unwrap().unwrap();
        let mut gone = Box::pin(searches.turn(holder(1, "b")));
        let mut there = Box::pin(searches.turn(holder(1, "c")));
        assert!((&mut gone).now_or_never().is_none() && (&mut there).now_or_never().is_none());
        drop(running);
        drop(gone);
        assert!(there.now_or_never().is_some());
    }
}
