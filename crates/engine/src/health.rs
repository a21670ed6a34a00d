//! Health: whether requests should come here, and what an operator wants to know.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::view::{Check, Ready, Status};
use domain::{Span, Time};

use crate::{Engine, Result};

/// How long the store may take to answer that it is there.
const TIMEOUT: Duration = Duration::from_secs(2);

fn ok() -> Check {
    Check { status: Status::Ok, detail: None }
}

fn degraded(why: String) -> Check {
    Check { status: Status::Degraded, detail: Some(why) }
}

fn down(detail: impl Into<String>) -> Check {
    Check { status: Status::Down, detail: Some(detail.into()) }
}

/// How long reads or writes fail before nobody should be sent here.
const FAILING: Span = Span::from_secs(3);
/// How often in a row they must be found working before somebody should be again.
const WORKING: u32 = 2;

/// Something that fails for a moment now and then, and is down when it goes on failing.
#[derive(Debug, Default)]
pub(crate) struct Lasting {
    since: Option<Time>,
    is_down: bool,
    working: u32,
}

impl Lasting {
    /// Whether it is down, after it was found failing or not.
    fn is_down(&mut self, fails: bool, now: Time) -> bool {
        if fails {
            self.working = 0;
            self.is_down |= now.since(*self.since.get_or_insert(now)) >= FAILING;
        } else {
            self.since = None;
            self.working += 1;
            self.is_down &= self.working < WORKING;
        }
        self.is_down
    }

    fn check(lasting: &Mutex<Self>, why: Option<String>, now: Time) -> Check {
        let is_down = lasting.lock().unwrap_or_else(PoisonError::into_inner).is_down(why.is_some(), now);
        match why {
            Some(why) if is_down => down(why),
            Some(why) => degraded(why),
            None if is_down => down("worked again a moment ago"),
            None => ok(),
        }
    }
}

/// Whether the store's reads and writes go on failing.
#[derive(Debug, Default)]
pub(crate) struct StoreHealth {
    reads: Mutex<Lasting>,
    writes: Mutex<Lasting>,
}

impl Engine {
    /// Looks at every part; takes at most four seconds.
    pub async fn ready(&self) -> Ready {
        let store = match tokio::time::timeout(TIMEOUT, self.inner.store.ping()).await {
            Ok(Ok(())) => ok(),
            Ok(Err(error)) => down(error.to_string()),
            Err(_) => down(format!("no answer in {} s", TIMEOUT.as_secs())),
        };
        let broker = match self.inner.broker.status() {
            broker::Status::Ok => ok(),
            broker::Status::Degraded(why) => degraded(why),
        };
        let ephemeral = match self.inner.ephemeral.status() {
            ephemeral::Status::Ok => ok(),
            ephemeral::Status::Degraded(why) => degraded(why),
        };
        let draining = if self.inner.draining.is_cancelled() { down("shutting down") } else { ok() };
        let why = tokio::time::timeout(TIMEOUT, self.inner.store.failing_writes()).await;
        let why = why.unwrap_or_else(|_| Some("a write takes too long".to_owned()));
        let (now, health) = (self.now(), &self.inner.store_health);
        let checks = BTreeMap::from([
            ("store", store),
            ("reads", Lasting::check(&health.reads, self.inner.store.failing_reads(), now)),
            ("writes", Lasting::check(&health.writes, why, now)),
            ("broker", broker),
            ("ephemeral", ephemeral),
            ("draining", draining),
        ]);
        let ready = checks.values().all(|check| check.status != Status::Down);
        Ready { ready, checks }
    }

    /// Deliveries in each state, in every tenant, by `State::ALL`.
    pub async fn counts(&self) -> Result<[i64; 6]> {
        Ok(self.inner.store.all_counts().await?)
    }

    /// What waits in each queue: the committer's and the workers'; the latter are left out while the broker is away.
    pub async fn queue_depths(&self) -> Vec<(String, i64)> {
        let mut depths = self.inner.broker.depths().await.unwrap_or_default();
        depths.push(("commit".to_owned(), self.inner.store.queue_depth() as i64));
        depths
    }

    /// Where each tenant's log ends.
    pub async fn heads(&self) -> Result<Vec<(String, i64)>> {
        Ok(self.inner.store.heads().await?.into_iter().map(|(_, name, seq)| (name, seq)).collect())
    }

    /// Long polls that wait, and streams that are open.
    pub fn waiting(&self) -> (usize, usize) {
        self.inner.waiters.counts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_for_a_moment_is_not_down_and_what_goes_on_failing_is_until_it_works_twice() {
        let at = |secs: i64| Time(secs * 1_000_000);
        let mut lasting = Lasting::default();
        for (secs, fails, is_down) in [
            (0, false, false),
            (10, true, false),
            (12, true, false),
            (12, false, false),
            (14, true, false),
            (16, true, false),
            (17, true, true),
            (18, true, true),
            (19, false, true),
            (20, true, true),
            (21, false, true),
            (22, false, false),
            (23, true, false),
        ] {
            assert_eq!(lasting.is_down(fails, at(secs)), is_down, "after {secs} s");
        }
    }
}
