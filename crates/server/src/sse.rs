//! Server-sent events on the wire: in small pieces, with comments while nothing comes, and an end for readers that take nothing.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use serde::Serialize;
use tokio::time::{Instant, Sleep, sleep};

/// Bytes that are given to the connection at a time: it holds a few pieces for a reader that is slow, and an event may be large.
const PIECE: usize = 8 * 1024;

/// How long reading the next event may take: one that comes within this time was waiting.
const READ_MAX: Duration = Duration::from_secs(5);

const COMMENT: &[u8] = b": keep-alive\n\n";

/// One event; none where it cannot be written as JSON.
pub(crate) fn event(field: &str, value: &str, data: &impl Serialize) -> Option<Bytes> {
    let mut text = format!("{field}: {value}\ndata: ").into_bytes();
    serde_json::to_writer(&mut text, data).ok()?;
    text.extend_from_slice(b"\n\n");
    text.shrink_to_fit();
    Some(text.into())
}

/// How a stream treats its reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// The silence after which a comment is sent.
    pub(crate) comment: Duration,
    /// How long the reader may take nothing while events wait.
    pub(crate) stall: Duration,
}

/// The body of a stream of events. Ends with the event `dropped` where the reader took nothing for too long and more events wait.
pub(crate) struct Events<S> {
    inner: Pin<Box<S>>,
    pace: Pace,
    /// What of the current event is not given away yet.
    rest: Bytes,
    silence: Pin<Box<Sleep>>,
    /// When the last piece was given away: the connection asks for the next one as soon as it has room.
    given: Option<Instant>,
    /// When the reader last came back after it had taken nothing for too long.
    back: Option<Instant>,
    over: bool,
}

/// Why a stream was ended.
#[derive(Serialize)]
struct Dropped {
    reason: &'static str,
    detail: String,
}

impl<S: Stream<Item = Bytes>> Events<S> {
    /// The body of these events.
    pub(crate) fn new(events: S, pace: Pace) -> Self {
        let silence = Box::pin(sleep(pace.comment));
        Self { inner: Box::pin(events), pace, rest: Bytes::new(), silence, given: None, back: None, over: false }
    }

    fn give(&mut self, mut bytes: Bytes) -> Poll<Option<Result<Bytes, Infallible>>> {
        let piece = bytes.split_to(bytes.len().min(PIECE));
        self.rest = bytes;
        let now = Instant::now();
        self.given = Some(now);
        self.silence.as_mut().reset(now + self.pace.comment);
        Poll::Ready(Some(Ok(piece)))
    }

    fn dropped(&mut self) -> Bytes {
        self.over = true;
        let detail = format!("Nothing was taken for {:?} while events waited.", self.pace.stall);
        let detail = detail + " Connect again with `Last-Event-ID` to go on.";
        event("event", "dropped", &Dropped { reason: "slow-reader", detail }).unwrap_or_default()
    }
}

impl<S: Stream<Item = Bytes>> Stream for Events<S> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.given.take().is_some_and(|given| given.elapsed() >= this.pace.stall) {
            this.back = Some(Instant::now());
        }
        if !this.rest.is_empty() {
            let rest = std::mem::take(&mut this.rest);
            return this.give(rest);
        }
        if this.over {
            return Poll::Ready(None);
        }
        match this.inner.as_mut().poll_next(context) {
            Poll::Ready(Some(_)) if this.back.is_some_and(|back| back.elapsed() < READ_MAX) => {
                let dropped = this.dropped();
                this.give(dropped)
            }
            Poll::Ready(Some(event)) => this.give(event),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match this.silence.as_mut().poll(context) {
                Poll::Ready(()) => this.give(Bytes::from_static(COMMENT)),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream::{self, iter, pending};
    use futures_util::{FutureExt, StreamExt};
    use tokio::time::advance;

    use super::*;

    const PACE: Pace = Pace { comment: Duration::from_secs(15), stall: Duration::from_secs(3) };

    fn events(sizes: &[usize]) -> Vec<Bytes> {
        sizes.iter().map(|size| Bytes::from(vec![b'x'; *size])).collect()
    }

    async fn next(events: &mut (impl Stream<Item = Result<Bytes, Infallible>> + Unpin)) -> Option<Bytes> {
        events.next().await.map(Result::unwrap_or_default)
    }

    #[tokio::test(start_paused = true)]
    async fn large_events_come_in_pieces() {
        let mut stream = Events::new(iter(events(&[PIECE, 2 * PIECE + 1])), PACE);
        let mut sizes = Vec::new();
        while let Some(piece) = next(&mut stream).await {
            sizes.push(piece.len());
        }
        assert_eq!(sizes, [PIECE, PIECE, PIECE, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_gets_the_event_that_has_begun_and_the_reason() {
        let mut stream = Events::new(iter(events(&[PIECE + 1, 1])), PACE);
        next(&mut stream).await.unwrap();
        advance(PACE.stall).await;
        assert_eq!(next(&mut stream).await.unwrap(), "x");
        let dropped = next(&mut stream).await.unwrap();
        assert!(
            dropped.starts_with(b"event: dropped\ndata: {\"reason\":\"slow-reader\",") && dropped.ends_with(b"}\n\n")
        );
        assert_eq!(next(&mut stream).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_is_slow_and_takes_something_is_not_dropped() {
        let mut stream = Events::new(iter(events(&[1; 10])), PACE);
        for _ in 0..10 {
            assert_eq!(next(&mut stream).await.unwrap(), "x");
            advance(PACE.stall.saturating_sub(Duration::from_millis(1))).await;
        }
        assert_eq!(next(&mut stream).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_comes_back_to_no_waiting_events_is_not_dropped() {
        let mut stream = Events::new(iter(events(&[1])).chain(pending()), PACE);
        next(&mut stream).await.unwrap();
        advance(PACE.stall * 2).await;
        assert_eq!(stream.next().now_or_never(), None);
        advance(PACE.comment).await;
        assert_eq!(next(&mut stream).await.unwrap(), COMMENT);
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_has_to_be_read_first_was_waiting_too() {
        let read = stream::unfold(0, |n| async move {
            tokio::time::sleep(Duration::from_millis(5)).await; // pace: the time that reading an event takes
            Some((Bytes::from_static(b"x"), n + 1))
        });
        let mut stream = Events::new(read, PACE);
        next(&mut stream).await.unwrap();
        advance(PACE.stall).await;
        assert!(next(&mut stream).await.unwrap().starts_with(b"event: dropped"));
        assert_eq!(next(&mut stream).await, None);
    }
}
