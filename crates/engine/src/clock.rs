//! The clock: the one place where time comes in.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use domain::{Span, Time};

/// Tells the time in whole milliseconds; never goes back.
#[derive(Clone, Debug)]
pub struct Clock {
    last: Arc<AtomicI64>,
    by_hand: bool,
}

impl Clock {
    /// The system's clock, held still while the system's goes back.
    pub fn system() -> Self {
        Self { last: Arc::new(AtomicI64::new(0)), by_hand: false }
    }

    /// A clock that a test moves.
    pub fn by_hand(start: Time) -> Self {
        Self { last: Arc::new(AtomicI64::new(start.millis())), by_hand: true }
    }

    /// The time.
    pub fn now(&self) -> Time {
        if self.by_hand {
            return Time::from_millis(self.last.load(Ordering::Acquire));
        }
        let millis = system_millis();
        Time::from_millis(self.last.fetch_max(millis, Ordering::AcqRel).max(millis))
    }

    /// Moves a clock that is moved by hand.
    pub fn advance(&self, by: Span) {
        self.last.fetch_add(by.0 / 1_000, Ordering::AcqRel);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_millis() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
