//! Duties: what one of all processes on the same store does at a time, with nobody to appoint it.
//!
//! Whoever has a duty keeps it with a beat. Who finds the same beat for longer than [`SILENCE`], by its own clock, takes it: so
//! no two clocks are ever compared. Two processes may believe for a moment that they have it, and what they do then is done
//! twice, which does no harm: a duty saves work, nothing true depends on it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{Span, Time};
use store::Duty;

use crate::{Engine, Result, random};

/// How often a duty is kept, or looked at by those who do not have it.
const BEAT: Span = Span::from_millis(500);
/// The silence after which a duty is taken.
const SILENCE: Span = Span::from_secs(2);
/// How long who has given a duty up leaves it to others.
const REST: Span = Span::from_secs(3);

/// One duty as this process knows it.
pub(crate) struct Part {
    name: &'static str,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    mine: bool,
    /// What is known holds until then.
    until: Option<Time>,
    /// What was found last, and since when it is the same.
    found: Option<(Duty, Time)>,
}

/// The duties of a process, and the name under which it has them.
pub(crate) struct Duties {
    own: String,
    pub(crate) relay: Part,
    pub(crate) timers: Part,
    pub(crate) indexer: Part,
}

impl Duties {
    pub(crate) fn new() -> Result<Self> {
        let own = format!("{}-{:016x}", std::process::id(), u64::from_le_bytes(random::bytes()?));
        let [relay, timers, indexer] = ["relay", "timers", "indexer"].map(Part::new);
        Ok(Self { own, relay, timers, indexer })
    }

    fn all(&self) -> [&Part; 3] {
        [&self.relay, &self.timers, &self.indexer]
    }
}

impl Part {
    fn new(name: &'static str) -> Self {
        Self { name, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process has it, where that needs no look.
    fn without_looking(&self, now: Time) -> Option<bool> {
        let known = self.known();
        known.until.filter(|until| now < *until).map(|_| known.mine)
    }

    /// Whether it may be taken, or kept, as it was found.
    fn is_free(&self, found: Option<&Duty>, own: &str, now: Time) -> bool {
        let Some(found) = found else { return true };
        let mut known = self.known();
        let since = match &known.found {
            Some((before, since)) if before == found => *since,
            _ => now,
        };
        known.found = Some((found.clone(), since));
        found.holder == own || found.holder.is_empty() || now.since(since) > SILENCE
    }

    fn note(&self, mine: bool, until: Time) {
        let mut known = self.known();
        (known.mine, known.until) = (mine, Some(until));
    }
}

impl Engine {
    /// Whether this process has a duty now; takes it where nobody has, keeps it where it has. On a store of its own it has
    /// all.
    pub(crate) async fn has(&self, part: &Part) -> Result<bool> {
        if !self.inner.store.is_shared() {
            return Ok(true);
        }
        let now = self.now();
        if let Some(known) = part.without_looking(now) {
            return Ok(known);
        }
        let own = &self.inner.duties.own;
        let found = self.inner.store.duty(part.name).await?;
        let free = part.is_free(found.as_ref(), own, now);
        let mine = free && self.inner.store.take_duty(part.name, own, found.as_ref()).await?;
        part.note(mine, now.plus(BEAT));
        Ok(mine)
    }

    /// Leaves a duty to others for a while: they may be able to do it.
    pub(crate) async fn give_up(&self, part: &Part) -> Result<()> {
        if !self.inner.store.is_shared() {
            return Ok(());
        }
        part.note(false, self.now().plus(REST));
        let found = self.inner.store.duty(part.name).await?;
        if let Some(found) = found.filter(|found| found.holder == self.inner.duties.own) {
            self.inner.store.take_duty(part.name, "", Some(&found)).await?;
        }
        Ok(())
    }

    /// Leaves every duty that it has to others.
    pub(crate) async fn give_up_all(&self) -> Result<()> {
        for part in self.inner.duties.all() {
            let mine = part.known().mine;
            if mine {
                self.give_up(part).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duty(holder: &str, beat: i64) -> Duty {
        Duty { holder: holder.to_owned(), beat }
    }

    #[test]
    fn a_duty_is_taken_after_silence_only() {
        let part = Part::new("relay");
        let at = Time::from_millis;
        assert!(part.is_free(None, "me", at(0)), "nobody ever had it");
        assert!(!part.is_free(Some(&duty("other", 1)), "me", at(0)));
        assert!(!part.is_free(Some(&duty("other", 1)), "me", at(2_000)));
        assert!(!part.is_free(Some(&duty("other", 2)), "me", at(2_001)), "there was a beat");
        assert!(!part.is_free(Some(&duty("other", 2)), "me", at(4_001)));
        assert!(part.is_free(Some(&duty("other", 2)), "me", at(4_002)), "there was none");
        assert!(part.is_free(Some(&duty("", 3)), "me", at(4_003)), "it was given up");
        assert!(part.is_free(Some(&duty("me", 4)), "me", at(4_004)), "it is kept");
    }

    #[test]
    fn what_is_known_holds_for_a_moment() {
        let part = Part::new("relay");
        assert_eq!(part.without_looking(Time::from_millis(0)), None);
        part.note(true, Time::from_millis(500));
        assert_eq!(part.without_looking(Time::from_millis(499)), Some(true));
        assert_eq!(part.without_looking(Time::from_millis(500)), None);
    }
}
