//! Elected jobs: what one of all processes on the same store does at a time, with nobody to appoint it.
//!
//! The holder of a job sends a heartbeat. A process that sees the same heartbeat for longer than [`TIMEOUT`], by its own clock,
//! takes the job over by compare-and-set: so no two clocks are ever compared. Two processes may believe for a moment that they
//! hold it, and what they do then is done twice; duplicates are ignored. An election saves work, nothing true depends on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Span, Time};
use store::{Duty, Store};

use crate::{Clock, Result, random};

/// How often the holder sends a heartbeat, and everybody else polls for one.
const HEARTBEAT: Span = Span::from_millis(500);
/// The time without a heartbeat after which a job is taken over.
const TIMEOUT: Span = Span::from_secs(2);
/// How long a process that has resigned leaves the job to others.
const RESIGNED: Span = Span::from_secs(3);

/// One elected job as this process knows it.
pub(crate) struct ElectedJob {
    name: &'static str,
    own: Arc<str>,
    store: Store,
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    held: bool,
    /// What is known holds until then.
    until: Option<Time>,
    /// What was found last, and since when it is the same.
    found: Option<(Duty, Time)>,
}

impl Known {
    /// Whether this process holds the job, where that needs no poll.
    fn without_polling(&self, now: Time) -> Option<bool> {
        self.until.filter(|until| now < *until).map(|_| self.held)
    }

    /// Whether the job may be taken, or kept, as it was found.
    fn is_free(&mut self, found: Option<&Duty>, own: &str, now: Time) -> bool {
        let Some(found) = found else { return true };
        let since = match &self.found {
            Some((before, since)) if before == found => *since,
            _ => now,
        };
        self.found = Some((found.clone(), since));
        found.holder == own || found.holder.is_empty() || now.since(since) > TIMEOUT
    }

    fn note(&mut self, held: bool, until: Time) {
        (self.held, self.until) = (held, Some(until));
    }
}

/// The elected jobs: the relay, the timers and whatever is done beside them, the indexer.
pub(super) fn elections(store: &Store, clock: &Clock) -> Result<[Arc<ElectedJob>; 3]> {
    let own: Arc<str> = format!("{}-{:016x}", std::process::id(), u64::from_le_bytes(random::bytes()?)).into();
    Ok(["relay", "timers", "indexer"].map(|name| {
        let (own, store, clock) = (Arc::clone(&own), store.clone(), clock.clone());
        Arc::new(ElectedJob { name, own, store, clock, known: Mutex::default() })
    }))
}

impl ElectedJob {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process holds the job now; takes it where nobody does, sends its heartbeat where it does. On a store of
    /// its own a process holds every job.
    pub(crate) async fn is_held(&self) -> Result<bool> {
        if !self.store.is_shared() {
            return Ok(true);
        }
        let now = self.clock.now();
        let known = self.known().without_polling(now);
        if let Some(held) = known {
            return Ok(held);
        }
        let found = self.store.duty(self.name).await?;
        let free = self.known().is_free(found.as_ref(), &self.own, now);
        let held = free && self.store.take_duty(self.name, &self.own, found.as_ref()).await?;
        self.known().note(held, now.plus(HEARTBEAT));
        Ok(held)
    }

    /// Leaves the job to others for a while: they may be able to do it.
    pub(crate) async fn resign(&self) -> Result<()> {
        if !self.store.is_shared() {
            return Ok(());
        }
        self.known().note(false, self.clock.now().plus(RESIGNED));
        let found = self.store.duty(self.name).await?;
        if let Some(found) = found.filter(|found| *found.holder == *self.own) {
            self.store.take_duty(self.name, "", Some(&found)).await?;
        }
        Ok(())
    }

    /// Leaves the job to others, where this process holds it.
    pub(crate) async fn resign_if_held(&self) -> Result<()> {
        let held = self.known().held;
        if held { self.resign().await } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(holder: &str, beat: i64) -> Duty {
        Duty { holder: holder.to_owned(), beat }
    }

    #[test]
    fn a_job_is_taken_over_after_the_timeout_only() {
        let mut known = Known::default();
        let at = Time::from_millis;
        assert!(known.is_free(None, "me", at(0)), "nobody ever held it");
        assert!(!known.is_free(Some(&found("other", 1)), "me", at(0)));
        assert!(!known.is_free(Some(&found("other", 1)), "me", at(2_000)));
        assert!(!known.is_free(Some(&found("other", 2)), "me", at(2_001)), "there was a heartbeat");
        assert!(!known.is_free(Some(&found("other", 2)), "me", at(4_001)));
        assert!(known.is_free(Some(&found("other", 2)), "me", at(4_002)), "there was none");
        assert!(known.is_free(Some(&found("", 3)), "me", at(4_003)), "its holder resigned");
        assert!(known.is_free(Some(&found("me", 4)), "me", at(4_004)), "it is kept");
    }

    #[test]
    fn what_is_known_holds_until_the_next_heartbeat() {
        let mut known = Known::default();
        assert_eq!(known.without_polling(Time::from_millis(0)), None);
        known.note(true, Time::from_millis(500));
        assert_eq!(known.without_polling(Time::from_millis(499)), Some(true));
        assert_eq!(known.without_polling(Time::from_millis(500)), None);
    }
}
