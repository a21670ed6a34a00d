//! The one place where tests sleep: between two looks at what they wait for, with a bound.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// Tries again and again until it succeeds, and returns what came.
///
/// # Panics
///
/// When it has not succeeded `within` that time, with the last failure.
#[expect(clippy::disallowed_methods, reason = "tests wait for other processes by the real clock")]
pub async fn eventually<T, E: Debug>(within: Duration, mut attempt: impl AsyncFnMut() -> Result<T, E>) -> T {
    let started = Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(failure) => assert!(started.elapsed() < within, "not within {within:?}: {failure:?}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until `ready` answers true, and says whether it did `within` that time; for code that is not asynchronous.
#[expect(clippy::disallowed_methods, reason = "tests wait for other processes by the real clock")]
pub fn poll(within: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    loop {
        if ready() {
            return true;
        }
        if started.elapsed() > within {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_succeeds_at_last_is_returned() {
        let mut attempts = 0;
        let found = eventually(Duration::from_secs(60), async || {
            attempts += 1;
            if attempts == 3 { Ok(attempts) } else { Err("not yet") }
        });
        assert_eq!(found.await, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "never")]
    async fn what_never_succeeds_is_told_by_its_last_failure() {
        eventually(Duration::ZERO, async || Err::<(), _>("never")).await;
    }
}
