//! Places for those who wait or are large: long polls, streams and the bodies of requests, each kind limited for a key, for a
//! tenant and in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::refusal::{Code, Refusal};
use domain::{AgentName, Span, TenantId};

use crate::config::Limits;
use crate::quota::{Full, Holder, Quota, Share};

type ByAgent = Arc<Mutex<HashMap<(TenantId, AgentName), usize>>>;

/// The places and who holds them.
#[derive(Clone)]
pub(crate) struct Waiters {
    polls: Quota,
    polls_by_agent: ByAgent,
    polls_per_agent_max: usize,
    streams: Quota,
    bodies: Quota,
}

/// The place of a long poll, free again when dropped.
pub(crate) struct PollPlace {
    polls_by_agent: ByAgent,
    agent: (TenantId, AgentName),
    _share: Share,
}

/// The place of a stream, free again when dropped.
pub(crate) struct StreamPlace {
    _share: Share,
}

/// The bytes of one request's body that are in memory, free again when dropped.
pub struct BodyBytes {
    share: Share,
}

impl Waiters {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (polls, streams, bodies) = (limits.long_poll_bounds(), limits.stream_bounds(), limits.body_bounds());
        Self {
            polls: Quota::new(polls),
            polls_by_agent: ByAgent::default(),
            polls_per_agent_max: limits.waiters_per_agent,
            streams: Quota::new(streams),
            bodies: Quota::new(bodies),
        }
    }

    /// A place for a long poll; fails with `too-many-waiters`.
    pub(crate) fn long_poll(&self, holder: Holder, agent: &AgentName) -> Result<PollPlace, Refusal> {
        let refused = |detail: String| {
            Refusal::new(Code::TooManyWaiters, detail)
                .with_remedy("Receive without `wait`, or wait with fewer connections.")
                .retry_after(Span::from_secs(1))
        };
        let agent = (holder.tenant, agent.clone());
        let mut by_agent = self.polls_by_agent.lock().unwrap_or_else(PoisonError::into_inner);
        let own = by_agent.get(&agent).copied().unwrap_or(0);
        if own >= self.polls_per_agent_max {
            return Err(refused(format!("{own} long polls wait for `{}`; no more are held.", agent.1)));
        }
        let share = self.polls.one(holder).map_err(|full| refused(full.detail("long polls wait")))?;
        by_agent.insert(agent.clone(), own + 1);
        Ok(PollPlace { polls_by_agent: Arc::clone(&self.polls_by_agent), agent, _share: share })
    }

    /// A place for a stream; fails with `too-many-streams`.
    pub(crate) fn stream(&self, holder: Holder) -> Result<StreamPlace, Refusal> {
        let refused = |full: Full| {
            Refusal::new(Code::TooManyStreams, full.detail("streams are open"))
                .with_remedy("Close streams that are no longer read.")
                .retry_after(Span::from_secs(5))
        };
        Ok(StreamPlace { _share: self.streams.one(holder).map_err(refused)? })
    }

    /// Room for a body of which nothing has come yet.
    pub(crate) fn body(&self, holder: Holder) -> BodyBytes {
        BodyBytes { share: self.bodies.none(holder) }
    }

    /// Long polls that wait, and streams that are open.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.polls.held(), self.streams.held())
    }
}

impl BodyBytes {
    /// Takes room for more bytes; fails with `overloaded` where the bodies in memory have none.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.share.grow(bytes).map_err(|full| {
            Refusal::new(Code::Overloaded, full.detail("bytes of requests are in memory"))
                .with_remedy("Send fewer or smaller requests at a time.")
                .retry_after(Span::from_secs(1))
        })
    }
}

impl std::fmt::Debug for BodyBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyBytes").finish_non_exhaustive()
    }
}

impl Full {
    fn detail(self, what: &str) -> String {
        format!("{} {what} {}; no more are held.", self.held, self.whose)
    }
}

impl Drop for PollPlace {
    fn drop(&mut self) {
        let mut by_agent = self.polls_by_agent.lock().unwrap_or_else(PoisonError::into_inner);
        let own = by_agent.remove(&self.agent).unwrap_or(1) - 1;
        if own > 0 {
            by_agent.insert(self.agent.clone(), own);
        }
    }
}
