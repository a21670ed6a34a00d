//! How the database does: whether the last reads and writes worked, for readiness.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::{Error, Result};

/// So many reads of damaged pages are no accident.
const DAMAGED_READS: u32 = 3;

/// What became of the last reads and writes. A read or write that works costs one look at an atomic.
#[derive(Debug, Default)]
pub(crate) struct Health {
    reads: Last,
    writes: Last,
    damaged: AtomicU32,
}

/// Why the last attempt failed, where it did.
#[derive(Debug, Default)]
struct Last {
    fails: AtomicBool,
    why: Mutex<String>,
}

impl Last {
    fn works(&self) {
        if self.fails.load(Ordering::Relaxed) {
            self.fails.store(false, Ordering::Relaxed);
        }
    }

    fn failed(&self, error: &Error) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = error.to_string();
        self.fails.store(true, Ordering::Relaxed);
    }

    fn why(&self) -> Option<String> {
        let fails = self.fails.load(Ordering::Relaxed);
        fails.then(|| self.why.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Health {
    /// Notes what became of a read.
    pub(crate) fn read<T>(&self, outcome: &Result<T>) {
        match outcome {
            Ok(_) if self.is_damaged() => {}
            Ok(_) => self.reads.works(),
            Err(error @ Error::Corrupt(_)) => {
                self.damaged.fetch_add(1, Ordering::Relaxed);
                self.reads.failed(error);
            }
            Err(error @ Error::Unavailable(_)) => self.reads.failed(error),
            Err(_) => {}
        }
    }

    /// Notes what became of a write. A change that the rules refuse says nothing of the database.
    pub(crate) fn wrote<T>(&self, outcome: &Result<T>) {
        match outcome {
            Ok(_) => self.writes.works(),
            Err(error @ (Error::Unavailable(_) | Error::Unknown(_) | Error::Corrupt(_))) => self.writes.failed(error),
            Err(_) => {}
        }
    }

    /// Notes that the whole database was checked, and whether it is undamaged.
    pub(crate) fn checked(&self, undamaged: bool) {
        if undamaged {
            self.damaged.store(0, Ordering::Relaxed);
            self.reads.works();
        }
    }

    /// Why reading fails: now, or again and again as pages are damaged that other reads do not touch.
    pub(crate) fn reads(&self) -> Option<String> {
        self.reads.why()
    }

    /// Why writing fails.
    pub(crate) fn writes(&self) -> Option<String> {
        self.writes.why()
    }

    fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed) >= DAMAGED_READS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone() -> Result<()> {
        Err(Error::Unavailable("no room".to_owned()))
    }

    #[test]
    fn what_works_again_is_forgotten() {
        let health = Health::default();
        assert_eq!((health.reads(), health.writes()), (None, None));
        health.wrote(&gone());
        health.read(&gone());
        assert!(health.writes().is_some_and(|why| why.contains("no room")));
        health.wrote::<()>(&Err(Error::Overloaded));
        health.wrote::<()>(&Err(Error::Conflict));
        assert!(health.writes().is_some(), "what says nothing of the database changes nothing");
        health.wrote(&Ok(()));
        health.read(&Ok(()));
        assert_eq!((health.reads(), health.writes()), (None, None));
    }

    #[test]
    fn damage_that_is_met_again_and_again_stays_until_a_check_finds_none() {
        let health = Health::default();
        let damaged = || health.read::<()>(&Err(Error::Corrupt("malformed".to_owned())));
        damaged();
        health.read(&Ok(()));
        assert_eq!(health.reads(), None, "once may be an accident");
        damaged();
        damaged();
        health.read(&Ok(()));
        assert!(health.reads().is_some(), "other pages are read well");
        health.checked(false);
        assert!(health.reads().is_some());
        health.checked(true);
        assert_eq!(health.reads(), None);
    }
}
