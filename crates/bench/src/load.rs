use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hyper::Request;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};

use cli::Failure;

use crate::{
    connection::Connection,
    float,
    plan::Plan,
    progress::Progress,
    requests::Requests,
    roundtrip::{self, Steps},
    tally::Tally,
};

/// How many failures in a row end a connection's part.
const FAILURES: u32 = 20;
/// The timer's grain: an open loop wakes this much early rather than late.
const GRAIN: Duration = Duration::from_millis(1);

/// What one round of a connection does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rounds {
    /// Sends a message.
    Send,
    /// Sends messages, receives as many at once, acknowledges each.
    Roundtrip {
        /// How many.
        batch: u32,
    },
}

/// What was measured.
pub(crate) struct Load {
    /// Whole rounds.
    pub rounds: Tally,
    /// The steps of a round trip.
    pub steps: Option<Steps>,
    /// How many messages were done.
    pub messages: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// How many rounds never began, because the server did not keep up.
    pub unsent: u64,
}

/// What the connections share.
pub(crate) struct Shared {
    plan: Plan,
    begun: Instant,
    next: AtomicU64,
    /// How many messages are done.
    pub done: AtomicU64,
    /// The requests.
    pub requests: Requests,
}

/// One connection's part.
pub(crate) struct Part {
    pub number: usize,
    pub connection: Connection,
    pub rounds: Tally,
    pub steps: Steps,
}

/// Opens every connection, then lets them go at once; ends in bounded time.
pub(crate) async fn run(
    connections: u32,
    plan: Plan,
    rounds: Rounds,
    requests: Requests,
    progress: &Progress,
) -> Result<Load, Failure> {
    let mut open = Vec::new();
    for _ in 0..connections {
        let connection = Connection::open(&requests.authority).await;
        let reached = |why| Failure::NotReached(format!("http://{} was not reached: {why}", requests.authority));
        open.push(connection.map_err(reached)?);
    }
    let begun = Instant::now();
    let shared = Arc::new(Shared { plan, begun, next: AtomicU64::new(0), done: AtomicU64::new(0), requests });
    let mut tasks = JoinSet::new();
    for (number, connection) in open.into_iter().enumerate() {
        let part = Part { number, connection, rounds: Tally::new(), steps: Steps::new() };
        tasks.spawn(part.run(Arc::clone(&shared), rounds));
    }
    let (mut all, mut steps) = (Tally::new(), Steps::new());
    while let Some(part) = progress.follow(&shared.done, &mut tasks).await {
        all.add(part.rounds);
        steps.add(part.steps);
    }
    let elapsed = begun.elapsed();
    let begun = shared.next.load(Ordering::Relaxed);
    let planned = plan.interval.and(plan.rounds).unwrap_or(0);
    let steps = matches!(rounds, Rounds::Roundtrip { .. }).then_some(steps);
    let messages = shared.done.load(Ordering::Relaxed);
    Ok(Load { rounds: all, steps, messages, elapsed, unsent: planned.saturating_sub(begun) })
}

impl Shared {
    /// Waits for the next round's turn; returns the moment its latency counts from, or `None` at the end.
    async fn turn(&self) -> Option<Instant> {
        let number = self.next.load(Ordering::Relaxed);
        if self.plan.rounds.is_some_and(|rounds| number >= rounds) || self.begun.elapsed() >= self.plan.longest() {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if self.plan.rounds.is_some_and(|rounds| number >= rounds) {
            self.next.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let Some(interval) = self.plan.interval else {
            return (self.begun.elapsed() < self.plan.duration).then(Instant::now);
        };
        let intended = self.begun + interval.mul_f64(float(number));
        sleep_until(intended - GRAIN).await;
        Some(intended.min(Instant::now()))
    }
}

impl Part {
    async fn run(mut self, shared: Arc<Shared>, rounds: Rounds) -> Self {
        let end = shared.begun + shared.plan.longest();
        if timeout_at(end, self.rounds(&shared, rounds)).await.is_err() {
            self.rounds.failed("no answer in time");
        }
        self
    }

    async fn rounds(&mut self, shared: &Shared, rounds: Rounds) {
        let mut failures = 0;
        while failures < FAILURES
            && let Some(intended) = shared.turn().await
        {
            let done = match rounds {
                Rounds::Send => self.exchange(shared.requests.send(self.number)).await.map(|_| 1),
                Rounds::Roundtrip { batch } => roundtrip::round(self, &shared.requests, batch).await,
            };
            match done {
                Some(messages) => {
                    failures = 0;
                    self.rounds.record(intended.elapsed());
                    shared.done.fetch_add(messages, Ordering::Relaxed);
                }
                None => failures += 1,
            }
        }
    }

    /// Sends a request; counts a refusal or a failure and returns `None` then.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<http_body_util::Full<bytes::Bytes>>,
    ) -> Option<bytes::Bytes> {
        match self.connection.exchange(request).await {
            Ok((status, answer)) if status.is_success() => Some(answer),
            Ok((status, answer)) => {
                self.rounds.refused(status, &answer);
                None
            }
            Err(why) => {
                self.rounds.failed(&why);
                None
            }
        }
    }
}

impl Load {
    /// Returns the server's refusal when nothing at all went well.
    pub(crate) fn refused_entirely(&self) -> Option<Failure> {
        if !self.rounds.latency.is_empty() {
            return None;
        }
        if let Some(Ok(problem)) = self.rounds.first_refusal.as_deref().map(serde_json::from_str) {
            return Some(Failure::Refused(problem));
        }
        let why: Vec<&str> = self.rounds.errors.keys().map(String::as_str).collect();
        Some(Failure::NotReached(format!("nothing was answered: {}", why.join(", "))))
    }
}
