//! Places for those who wait: long polls and streams, each kind limited.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::refusal::{Code, Refusal};
use domain::{AgentName, Span, TenantId};

use crate::config::Limits;

#[derive(Default)]
struct Held {
    polls: usize,
    polls_by_agent: HashMap<(TenantId, AgentName), usize>,
    streams: usize,
}

/// The places and who holds them.
#[derive(Clone)]
pub(crate) struct Waiters {
    held: Arc<Mutex<Held>>,
    polls_max: usize,
    polls_per_agent_max: usize,
    streams_max: usize,
}

/// A place, free again when dropped.
pub(crate) struct Place {
    held: Arc<Mutex<Held>>,
    poll_of: Option<(TenantId, AgentName)>,
}

impl Waiters {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            held: Arc::default(),
            polls_max: limits.waiters,
            polls_per_agent_max: limits.waiters_per_agent,
            streams_max: limits.streams,
        }
    }

    /// A place for a long poll; fails with `too-many-waiters`.
    pub(crate) fn long_poll(&self, tenant: TenantId, agent: &AgentName) -> Result<Place, Refusal> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant, agent.clone());
        let own = held.polls_by_agent.get(&key).copied().unwrap_or(0);
        if held.polls >= self.polls_max || own >= self.polls_per_agent_max {
            let detail = format!("{own} long polls wait for `{agent}`, {} in all; no more are held.", held.polls);
            return Err(Refusal::new(Code::TooManyWaiters, detail)
                .with_remedy("Receive without `wait`, or wait with fewer connections.")
                .retry_after(Span::from_secs(1)));
        }
        held.polls += 1;
        held.polls_by_agent.insert(key.clone(), own + 1);
        Ok(Place { held: Arc::clone(&self.held), poll_of: Some(key) })
    }

    /// A place for a stream; fails with `too-many-streams`.
    pub(crate) fn stream(&self) -> Result<Place, Refusal> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.streams >= self.streams_max {
            let detail = format!("{} streams are open; no more are held.", held.streams);
            return Err(Refusal::new(Code::TooManyStreams, detail).retry_after(Span::from_secs(5)));
        }
        held.streams += 1;
        Ok(Place { held: Arc::clone(&self.held), poll_of: None })
    }

    /// Long polls that wait, and streams that are open.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        (held.polls, held.streams)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = self.poll_of.take() else {
            held.streams -= 1;
            return;
        };
        held.polls -= 1;
        let own = held.polls_by_agent.remove(&key).unwrap_or(1) - 1;
        if own > 0 {
            held.polls_by_agent.insert(key, own);
        }
    }
}
