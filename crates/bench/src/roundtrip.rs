use std::time::Duration;

use tokio::time::Instant;

use crate::{load::Part, requests::Requests, tally::Tally};

/// The steps of a round trip, each measured by itself.
pub(crate) struct Steps {
    /// Sending one message.
    pub send: Tally,
    /// Receiving a batch.
    pub receive: Tally,
    /// Acknowledging one message.
    pub ack: Tally,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { send: Tally::new(), receive: Tally::new(), ack: Tally::new() }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.send.add(other.send);
        self.receive.add(other.receive);
        self.ack.add(other.ack);
    }
}

/// Sends `batch` messages, receives up to as many at once and acknowledges each; returns how many it acknowledged.
pub(crate) async fn round(part: &mut Part, requests: &Requests, batch: u32) -> Option<u64> {
    for _ in 0..batch {
        let (_, took) = timed(part, requests.send(part.number)).await?;
        part.steps.send.record(took);
    }
    let (answer, took) = timed(part, requests.receive(part.number, batch)).await?;
    part.steps.receive.record(took);
    let received = Requests::received(&answer).map_err(|why| part.rounds.failed(&why.to_string())).ok()?;
    for leased in &received {
        let (_, took) = timed(part, requests.ack(part.number, leased)).await?;
        part.steps.ack.record(took);
    }
    Some(received.len() as u64)
}

async fn timed(
    part: &mut Part,
    request: hyper::Request<http_body_util::Full<bytes::Bytes>>,
) -> Option<(bytes::Bytes, Duration)> {
    let begun = Instant::now();
    let answer = part.exchange(request).await?;
    Some((answer, begun.elapsed()))
}
