//! The connection for commands, as long as there is one. While there is none every command fails at once, and one task tries
//! to connect: Redis that is away costs nobody any time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::pause;
use super::topology::{ANSWER, Connection, Topology};

/// How long connecting may take altogether, sentinels included.
const CONNECT: Duration = Duration::from_secs(5);
/// How often an idle connection is tried.
const TRY: Duration = Duration::from_secs(1);

/// The connection, or why there is none.
pub(super) struct Circuit {
    state: Mutex<State>,
    lost: Notify,
}

enum State {
    Closed(u64, Connection),
    Open(String),
}

impl Circuit {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State::Open("still connecting".to_owned())), lost: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why there is no connection; none: there is one.
    pub(super) fn trouble(&self) -> Option<String> {
        match &*self.state() {
            State::Closed(..) => None,
            State::Open(why) => Some(why.clone()),
        }
    }

    /// Does something with the connection; none where there is none, it takes too long or it fails. A connection that fails is
    /// given up.
    pub(super) async fn ask<T, F>(&self, asked: impl FnOnce(Connection) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let (number, connection) = match &*self.state() {
            State::Closed(number, connection) => (*number, connection.clone()),
            State::Open(_) => return None,
        };
        let error = match timeout(ANSWER, asked(connection)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error,
            Err(_) => RedisError::from((ErrorKind::Io, "no answer in time")),
        };
        if is_of_the_connection(&error) {
            let mut state = self.state();
            // Another one may have been made since.
            if matches!(&*state, State::Closed(now, _) if *now == number) {
                *state = State::Open(error.to_string());
                self.lost.notify_one();
            }
        } else {
            tracing::warn!(%error, "Redis refused a command");
        }
        None
    }

    /// Connects whenever there is no connection, until told to stop.
    pub(super) async fn keep(&self, topology: &Topology, stop: &CancellationToken) {
        let mut attempt = 0;
        for number in 0.. {
            let connected = tokio::select! {
                () = stop.cancelled() => return,
                connected = timeout(CONNECT, topology.connect()) => connected,
            };
            let why = match connected {
                Ok(Ok(connection)) => {
                    *self.state() = State::Closed(number, connection);
                    if !self.watch(stop, &mut attempt).await {
                        return;
                    }
                    self.trouble().unwrap_or_default()
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer in time".to_owned(),
            };
            if attempt == 0 {
                tracing::warn!(%why, "Redis is away; waits are polled and limits are counted here until it is back");
            }
            *self.state() = State::Open(why);
            attempt += 1;
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause(attempt)) => {}
            }
        }
    }

    /// Tries the connection now and then; answers false when told to stop, and true when it is lost.
    async fn watch(&self, stop: &CancellationToken, attempt: &mut u32) -> bool {
        loop {
            let tried = self
                .ask(async |mut connection: Connection| redis::cmd("PING").query_async::<String>(&mut connection).await)
                .await;
            if tried.is_some() && std::mem::take(attempt) > 0 {
                tracing::info!("Redis is back");
            }
            tokio::select! {
                () = stop.cancelled() => return false,
                () = self.lost.notified() => return true,
                () = sleep(TRY) => {}
            }
        }
    }
}

/// Whether an error says that the connection, or the server at its end, is of no use for now.
fn is_of_the_connection(error: &RedisError) -> bool {
    let server = |kind| {
        use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly};
        matches!(kind, BusyLoading | ClusterDown | MasterDown | ReadOnly)
    };
    match error.kind() {
        ErrorKind::Server(kind) => server(kind),
        ErrorKind::Io | ErrorKind::ClusterConnectionNotFound | ErrorKind::Parse => true,
        _ => error.is_unrecoverable_error() || error.is_timeout(),
    }
}
