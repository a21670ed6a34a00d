//! The clock: the one place where time comes in.
//!
//! Time goes on with the machine's monotonic clock, which nobody sets. The wall clock says where it begins and draws it
//! along: small differences are made up for slowly, larger ones (jumps) are followed once they have lasted.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use domain::{Span, Time};

/// A difference that the wall clock gets to at once that is more than this is a jump.
const JUMP: i64 = 1_000_000;
/// How long the wall clock must run on after a jump before it is believed, in microseconds.
const BELIEVED_AFTER: i64 = 60_000_000;
/// How far ahead of the wall clock time may begin, in microseconds: a day.
const AHEAD_MAX: i64 = 86_400_000_000;
/// What time may run faster or slower to meet the wall clock: a tenth.
const SLEW: i64 = 10;

/// The two clocks of a machine.
pub trait Sources: Send + Sync {
    /// What the wall clock shows. May go anywhere at any time.
    fn wall(&self) -> Time;
    /// How long the machine has been running, from any beginning. Never goes back.
    fn monotonic(&self) -> Span;
}

/// Tells the time in whole milliseconds; never goes back. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

enum Inner {
    ByHand(AtomicI64),
    Anchored { sources: Box<dyn Sources>, anchor: Mutex<Anchor>, jumps: AtomicU64 },
}

/// What is known of the two clocks, in microseconds.
struct Anchor {
    /// What is added to the monotonic clock to get the time.
    offset: i64,
    /// What would have been added to it to get the wall clock, when it was last looked at.
    seen: i64,
    /// When it was last looked at, by the monotonic clock.
    at: i64,
    /// Up to when differences were made up for, by the monotonic clock.
    slewed: i64,
    /// When the wall clock jumped, by the monotonic clock; none: it is believed.
    jumped: Option<i64>,
    /// The last time that was told.
    last: i64,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::anchored(System::start())
    }

    /// A clock on these two, read from now on.
    pub fn anchored(sources: impl Sources + 'static) -> Self {
        let (wall, at) = (sources.wall().0, sources.monotonic().0);
        let offset = wall.saturating_sub(at);
        let anchor = Anchor { offset, seen: offset, at, slewed: at, jumped: None, last: wall };
        let sources = Box::new(sources);
        Self { inner: Arc::new(Inner::Anchored { sources, anchor: Mutex::new(anchor), jumps: AtomicU64::new(0) }) }
    }

    /// A clock that a test moves.
    pub fn by_hand(start: Time) -> Self {
        Self { inner: Arc::new(Inner::ByHand(AtomicI64::new(start.millis()))) }
    }

    /// The time.
    pub fn now(&self) -> Time {
        let (sources, anchor, jumps) = match &*self.inner {
            Inner::ByHand(millis) => return Time::from_millis(millis.load(Ordering::Acquire)),
            Inner::Anchored { sources, anchor, jumps } => (sources, anchor, jumps),
        };
        let mut anchor = anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let jump = anchor.see(sources.wall().0, sources.monotonic().0);
        let now = Time::from_millis(Time(anchor.last).millis());
        drop(anchor);
        if let Some(jump) = jump {
            jumps.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(clock.jump_ms = jump.0 / 1_000, time = %now, "the wall clock was set or stood still");
        }
        now
    }

    /// What the wall clock shows, right or wrong: for others to compare with their own.
    pub fn wall(&self) -> Time {
        match &*self.inner {
            Inner::ByHand(_) => self.now(),
            Inner::Anchored { sources, .. } => sources.wall(),
        }
    }

    /// Goes on from a time that was told before this process began, where the wall clock has been set back since: what was
    /// leased or put off until soon after it ends as soon. More than a day ahead the wall clock is believed instead; answers
    /// whether it was.
    pub(crate) fn not_before(&self, told: Time) -> bool {
        let Inner::Anchored { anchor, .. } = &*self.inner else { return false };
        let mut anchor = anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = told.0.saturating_sub(anchor.last);
        if ahead > AHEAD_MAX {
            return true;
        }
        anchor.offset += ahead.max(0);
        anchor.last += ahead.max(0);
        false
    }

    /// How often the wall clock has jumped since this clock began.
    pub fn jumps(&self) -> u64 {
        match &*self.inner {
            Inner::ByHand(_) => 0,
            Inner::Anchored { jumps, .. } => jumps.load(Ordering::Relaxed),
        }
    }

    /// Moves a clock that is moved by hand.
    pub fn advance(&self, by: Span) {
        if let Inner::ByHand(millis) = &*self.inner {
            millis.fetch_add(by.0 / 1_000, Ordering::AcqRel);
        }
    }
}

impl Anchor {
    /// Takes a look at both clocks; says by how much the wall clock has jumped, if it has.
    fn see(&mut self, wall: i64, monotonic: i64) -> Option<Span> {
        let at = monotonic.max(self.at);
        self.at = at;
        let seen = wall.saturating_sub(at);
        let moved = seen.saturating_sub(self.seen);
        self.seen = seen;
        let jump = (moved.saturating_abs() > JUMP).then_some(Span(moved));
        if jump.is_some() {
            self.jumped = Some(at);
        }
        let gap = seen.saturating_sub(self.offset);
        let is_small = gap.saturating_abs() <= JUMP;
        if is_small || self.jumped.is_some_and(|since| at - since >= BELIEVED_AFTER) {
            self.jumped = None;
        }
        // What is less than a microsecond waits until it is one.
        let most = (at - self.slewed) / SLEW;
        if self.jumped.is_none() {
            self.offset += if gap > JUMP { gap } else { gap.clamp(-most, most) };
        }
        if self.jumped.is_some() || most > 0 {
            self.slewed = at;
        }
        self.last = self.last.max(at.saturating_add(self.offset));
        jump
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("now", &self.now()).finish_non_exhaustive()
    }
}

/// The clocks of the machine that this runs on.
struct System {
    start: Instant,
}

impl System {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Sources for System {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn wall(&self) -> Time {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Span {
        Span(i64::try_from(self.start.elapsed().as_micros()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_800_000_000_000_000;
    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3_600 * SECOND;
    const YEAR: i64 = 365 * 24 * HOUR;

    /// Two clocks that a test moves: by how much the wall clock is wrong, and what has passed.
    #[derive(Clone, Default)]
    struct Moved {
        wrong: Arc<AtomicI64>,
        passed: Arc<AtomicI64>,
    }

    impl Sources for Moved {
        fn wall(&self) -> Time {
            Time(START + self.passed.load(Ordering::Relaxed) + self.wrong.load(Ordering::Relaxed))
        }

        fn monotonic(&self) -> Span {
            Span(self.passed.load(Ordering::Relaxed))
        }
    }

    impl Moved {
        fn set_wrong(&self, by: i64) {
            self.wrong.store(by, Ordering::Relaxed);
        }

        /// Lets time pass in steps of a second, looking at the clock after each, which must never go back; how far it came.
        fn pass(&self, clock: &Clock, seconds: i64) -> i64 {
            let begin = clock.now();
            let mut last = begin;
            for _ in 0..seconds {
                self.passed.fetch_add(SECOND, Ordering::Relaxed);
                let now = clock.now();
                assert!(now >= last, "{now} after {last}");
                last = now;
            }
            last.0 - begin.0
        }
    }

    fn clock() -> (Moved, Clock) {
        let moved = Moved::default();
        (moved.clone(), Clock::anchored(moved))
    }

    #[test]
    fn a_wall_clock_that_jumps_and_comes_back_changes_no_time() {
        for wrong in [HOUR, -HOUR, YEAR, -YEAR] {
            let (moved, clock) = clock();
            assert_eq!(moved.pass(&clock, 5), 5 * SECOND);
            moved.set_wrong(wrong);
            assert_eq!(clock.now().0, START + 5 * SECOND, "{wrong}");
            assert_eq!(moved.pass(&clock, 30), 30 * SECOND, "{wrong}");
            moved.set_wrong(0);
            assert_eq!(moved.pass(&clock, 600), 600 * SECOND, "{wrong}");
            assert_eq!((clock.now().0, clock.jumps()), (START + 635 * SECOND, 2), "{wrong}");
        }
    }

    #[test]
    fn a_wall_clock_that_stays_ahead_is_followed_after_a_minute() {
        for wrong in [HOUR, YEAR] {
            let (moved, clock) = clock();
            moved.set_wrong(wrong);
            assert_eq!(moved.pass(&clock, 59), 59 * SECOND, "{wrong}");
            moved.pass(&clock, 2);
            assert_eq!((clock.now().0, clock.jumps()), (START + 61 * SECOND + wrong, 1), "{wrong}");
        }
    }

    #[test]
    fn a_wall_clock_that_was_ahead_is_waited_for_while_time_goes_on() {
        for wrong in [HOUR, YEAR] {
            let moved = Moved::default();
            moved.set_wrong(wrong);
            let clock = Clock::anchored(moved.clone());
            moved.set_wrong(0);
            assert_eq!(moved.pass(&clock, 59), 59 * SECOND, "{wrong}");
            let came = moved.pass(&clock, 1_000);
            assert!((899 * SECOND..=901 * SECOND).contains(&came), "time goes on nine tenths as fast: {came}");
            assert_eq!(clock.wall().0, START + 1_059 * SECOND);
            assert_eq!(clock.jumps(), 1, "{wrong}");
        }
        let moved = Moved::default();
        moved.set_wrong(HOUR);
        let clock = Clock::anchored(moved.clone());
        moved.set_wrong(0);
        moved.pass(&clock, 11 * 3_600);
        assert_eq!(clock.now(), clock.wall());
    }

    #[test]
    fn time_goes_on_from_what_was_told_before_unless_that_is_more_than_a_day_ahead() {
        let (moved, clock) = clock();
        assert!(!clock.not_before(Time(START - YEAR)));
        assert_eq!(clock.now().0, START);
        assert!(!clock.not_before(Time(START + HOUR)));
        assert_eq!(clock.now().0, START + HOUR);
        let came = moved.pass(&clock, 100);
        assert!((89 * SECOND..=100 * SECOND).contains(&came), "{came}");
        assert!(clock.not_before(Time(START + YEAR)));
        assert!(clock.now().0 < START + 2 * HOUR);
    }

    #[test]
    fn a_slow_drift_either_way_is_followed_and_is_no_jump() {
        for ppm in [500, -500] {
            let (moved, clock) = clock();
            for second in 1..=20_000 {
                moved.set_wrong(second * ppm);
                moved.pass(&clock, 1);
            }
            let apart = clock.now().0 - clock.wall().0;
            assert!(apart.abs() <= 1_000, "{ppm}: {apart}");
            assert_eq!(clock.jumps(), 0);
        }
    }

    #[test]
    fn a_monotonic_clock_that_stood_still_while_the_machine_slept_is_made_up_for() {
        let (moved, clock) = clock();
        moved.set_wrong(8 * HOUR);
        moved.pass(&clock, 61);
        assert_eq!(clock.now(), clock.wall());
    }
}
