//! The watchdog of the request threads: how long a request keeps its thread to itself. Whatever else the thread serves waits
//! meanwhile.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

/// Runs a future, and answers also the longest time that it kept the thread without letting go.
pub(crate) async fn watched<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let mut future = pin!(future);
    let mut longest = Duration::ZERO;
    let output = std::future::poll_fn(|context| {
        let began = Instant::now();
        let polled = future.as_mut().poll(context);
        longest = longest.max(began.elapsed());
        polled
    });
    let output = output.await;
    (output, longest)
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_is_not_being_busy() {
        let ((), longest) = watched(sleep(Duration::from_secs(60))).await; // pace: paused time, which the runtime moves
        assert_eq!(longest, Duration::ZERO);
    }

    #[tokio::test]
    async fn the_longest_stretch_counts() {
        let busy = |time: Duration| {
            let began = Instant::now();
            while began.elapsed() < time {}
        };
        let ((), longest) = watched(async {
            busy(Duration::from_millis(2));
            yield_now().await;
            busy(Duration::from_millis(20));
            yield_now().await;
        })
        .await;
        assert!(longest >= Duration::from_millis(20), "{longest:?}");
    }
}
