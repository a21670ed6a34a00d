use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    marker::PhantomData,
    time::Duration,
};

use reqwest::{RequestBuilder, Response, header};
use serde::de::DeserializeOwned;
use tokio::time;

use crate::{
    Client, Error,
    sse::{Frame, Parser, TooLong},
};

/// How long a stream may be silent: the server sends a comment every 15 s.
const SILENCE: Duration = Duration::from_secs(45);
/// The first pause before connecting again, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause before connecting again.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The longest pause that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// Server-sent events that resume by themselves after an interruption, with `Last-Event-ID` and a jittered pause.
#[derive(Debug)]
pub struct Stream<T> {
    client: Client,
    request: RequestBuilder,
    last_id: Option<String>,
    connection: Option<(Response, Parser)>,
    ready: VecDeque<Frame>,
    failures: u32,
    pause: Option<Duration>,
    connected_before: bool,
    item: PhantomData<fn() -> T>,
}

/// What a stream has to tell.
#[derive(Debug)]
pub enum Streamed<T> {
    /// An event arrived.
    Item {
        /// What it carries.
        value: T,
        /// The JSON it was read from.
        json: String,
    },
    /// The stream is connected, for the first time or again.
    Connected,
    /// The connection is gone; the next call connects again after the pause.
    Interrupted {
        /// What the network said.
        why: String,
        /// How long the pause is.
        pause: Duration,
    },
}

impl<T: DeserializeOwned> Stream<T> {
    pub(crate) fn new(client: &Client, request: RequestBuilder, after: Option<u64>) -> Self {
        Self {
            client: client.clone(),
            request: request.header(header::ACCEPT, "text/event-stream"),
            last_id: after.map(|seq| seq.to_string()),
            connection: None,
            ready: VecDeque::new(),
            failures: 0,
            pause: None,
            connected_before: false,
            item: PhantomData,
        }
    }

    /// Waits for the next thing to tell; ends only with an error.
    ///
    /// Fails when the first connection is not made, when the server refuses or says why it ends the stream, or when an event cannot be read.
    pub async fn next(&mut self) -> Result<Streamed<T>, Error> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return self.item(frame);
            }
            let Some((response, parser)) = &mut self.connection else {
                return self.connect().await;
            };
            let chunk = match time::timeout(SILENCE, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => {
                    return Ok(self.interrupted("the server ended the stream".to_owned()));
                }
                Ok(Err(why)) => return Ok(self.interrupted(crate::error::chain(&why))),
                Err(_) => return Ok(self.interrupted("the server fell silent".to_owned())),
            };
            let ready = &mut self.ready;
            if parser.push(&chunk, |frame| ready.push_back(frame)) == Err(TooLong) {
                return Err(self.client.protocol("an event of the stream has no end".to_owned()));
            }
        }
    }

    async fn connect(&mut self) -> Result<Streamed<T>, Error> {
        if let Some(pause) = self.pause.take() {
            time::sleep(pause).await;
        }
        let Some(mut request) = self.request.try_clone() else {
            return Err(self.client.protocol("the request cannot be repeated".to_owned()));
        };
        if let Some(id) = &self.last_id {
            request = request.header("Last-Event-ID", id);
        }
        let answer = time::timeout(self.client.timeout, self.client.success(request)).await;
        match answer.unwrap_or_else(|_| Err(self.client.late())) {
            Ok(response) => {
                let begins = response.headers().get("last-event-id").and_then(|id| id.to_str().ok());
                self.last_id = self.last_id.take().or(begins.map(str::to_owned));
                self.connection = Some((response, Parser::default()));
                self.connected_before = true;
                self.failures = 0;
                Ok(Streamed::Connected)
            }
            Err(error) if self.connected_before && passes(&error) => {
                let wait = asked_pause(&error);
                Ok(self.interrupted_for(error.to_string(), wait))
            }
            Err(error) => Err(error),
        }
    }

    fn item(&mut self, frame: Frame) -> Result<Streamed<T>, Error> {
        if frame.name == "problem" {
            let problem = serde_json::from_str(&frame.data);
            return Err(problem.map_or_else(|why| self.client.protocol(why.to_string()), Error::Problem));
        }
        if frame.name == "dropped" {
            return Ok(self.interrupted(format!("the server dropped the stream: {}", frame.data)));
        }
        let value = serde_json::from_str(&frame.data)
            .map_err(|why| self.client.protocol(format!("an event of the stream cannot be read: {why}")))?;
        if frame.id.is_some() {
            self.last_id = frame.id;
        }
        Ok(Streamed::Item { value, json: frame.data })
    }

    fn interrupted(&mut self, why: String) -> Streamed<T> {
        self.interrupted_for(why, Duration::ZERO)
    }

    /// The same, with a pause that the server asked for.
    fn interrupted_for(&mut self, why: String, at_least: Duration) -> Streamed<T> {
        let seen = self.connection.take().and_then(|(_, parser)| parser.seen());
        self.last_id = seen.or(self.last_id.take());
        let pause = pause(self.failures, RandomState::new().hash_one(self.failures)).max(at_least);
        self.failures += 1;
        self.pause = Some(pause);
        Streamed::Interrupted { why, pause }
    }
}

/// Tells whether connecting again later may help.
fn passes(error: &Error) -> bool {
    match error {
        Error::Problem(problem) => problem.status == 429 || problem.status >= 500,
        Error::Unreachable { .. } | Error::Protocol { .. } => true,
        Error::Url { .. } | Error::Key => false,
    }
}

/// Returns the pause that a refusal asks for, bounded.
fn asked_pause(error: &Error) -> Duration {
    match error {
        Error::Problem(problem) => Duration::from_secs(problem.retry_after_s.unwrap_or_default()).min(LONGEST_ASKED),
        _ => Duration::ZERO,
    }
}

/// Doubles with each failure up to the longest pause, of which `chance` takes up to a half away.
fn pause(failures: u32, random: u64) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
    let half = whole / 2;
    half + half.mul_f64(f64::from(random as u32) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::Problem;

    use super::{FIRST_PAUSE, LONGEST_ASKED, LONGEST_PAUSE, asked_pause, pause};
    use crate::Error;

    #[test]
    fn a_server_may_ask_for_a_longer_pause_up_to_a_bound() {
        let asked =
            |retry_after_s| asked_pause(&Error::Problem(Box::new(Problem { retry_after_s, ..Problem::default() })));
        assert_eq!(asked(None), Duration::ZERO);
        assert_eq!(asked(Some(20)), Duration::from_secs(20));
        assert_eq!(asked(Some(1 << 32)), LONGEST_ASKED);
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_never_go_below_half() {
        assert_eq!(pause(0, 0), FIRST_PAUSE / 2);
        assert_eq!(pause(0, u64::MAX), FIRST_PAUSE);
        assert_eq!(pause(1, u64::MAX), FIRST_PAUSE * 2);
        assert_eq!(pause(1000, u64::MAX), LONGEST_PAUSE);
    }
}
