//! What a connection, the requests on it and the socket below share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::request_id::RequestIds;

/// How long a request goes on that only reads, once its caller sends no more: it has hung up, or waits for this one answer.
const HUNG_UP: Duration = Duration::from_secs(1);

/// How long a connection whose other side sends no more is watched before its next request, since it may have gone altogether:
/// it then refuses the answer before.
const REFUSAL: Duration = Duration::from_millis(50);

/// The state of one connection.
pub(crate) struct Wire {
    stream: TcpStream,
    app: App,
    /// Requests whose handlers are at work.
    handlers: AtomicUsize,
    /// Requests whose answers are not written yet.
    requests: AtomicUsize,
    /// Whether a request was answered.
    answered: AtomicBool,
    /// Goes up whenever bytes come or go.
    movements: AtomicU64,
}

/// The caller of a request, as its connection shows it.
#[derive(Clone)]
pub(crate) struct Peer(pub(crate) Arc<Wire>);

/// A request whose handler is at work.
pub(crate) struct Handling(Arc<Wire>);

/// A request whose answer is not written yet.
pub(crate) struct Answering(Arc<Wire>);

impl Wire {
    /// The state of a new connection.
    pub(crate) fn new(stream: TcpStream, app: App) -> Self {
        Self {
            stream,
            app,
            handlers: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            answered: AtomicBool::new(false),
            movements: AtomicU64::new(0),
        }
    }

    /// The connection itself.
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Where request ids come from.
    pub(crate) fn ids(&self) -> &RequestIds {
        &self.app.ids
    }

    /// Whether the server is about to end.
    pub(crate) fn is_leaving(&self) -> bool {
        self.app.leaving.load(Ordering::Acquire)
    }

    /// Notes that bytes came or went.
    pub(crate) fn moved(&self) {
        self.movements.fetch_add(1, Ordering::Relaxed);
    }

    /// How often bytes came or went.
    pub(crate) fn movements(&self) -> u64 {
        self.movements.load(Ordering::Relaxed)
    }

    /// Whether a handler is at work.
    pub(crate) fn is_handling(&self) -> bool {
        self.handlers.load(Ordering::Acquire) > 0
    }

    /// Whether no request is being answered: what is written now is no part of an answer of ours.
    pub(crate) fn is_between_answers(&self) -> bool {
        self.requests.load(Ordering::Acquire) == 0
    }

    /// Notes that a request has come.
    pub(crate) fn begin(self: &Arc<Self>) -> (Handling, Answering) {
        self.handlers.fetch_add(1, Ordering::AcqRel);
        self.requests.fetch_add(1, Ordering::AcqRel);
        (Handling(Arc::clone(self)), Answering(Arc::clone(self)))
    }

    /// Passes when the other side sends no more: it has closed the connection, or its own direction of it.
    pub(crate) async fn sends_no_more(&self) {
        // Where readiness cannot be told, the runtime is going away.
        let _ = self.stream.ready(Interest::PRIORITY).await;
    }

    /// Passes when the connection is broken.
    pub(crate) async fn broken(&self) {
        let _ = self.stream.ready(Interest::ERROR).await;
    }

    /// Whether the next request on this connection still has somebody who waits for its answer. A client that closed the
    /// connection looks like one that only closed its own direction until it refuses an answer.
    pub(crate) async fn is_awaited(&self) -> bool {
        let suspect = self.answered.load(Ordering::Acquire) && self.sends_no_more().now_or_never().is_some();
        !suspect || timeout(REFUSAL, self.broken()).await.is_err()
    }
}

impl Peer {
    /// Passes when the caller sends no more.
    pub(crate) async fn sends_no_more(&self) {
        self.0.sends_no_more().await;
    }

    /// Passes when a request that only reads is no longer worth its work.
    pub(crate) async fn hung_up(&self) {
        self.0.sends_no_more().await;
        sleep(HUNG_UP).await;
    }
}

/// Passes when the caller sends no more; never where the request did not come over a connection.
pub(crate) async fn sends_no_more(peer: Option<Peer>) {
    match peer {
        Some(peer) => peer.sends_no_more().await,
        None => std::future::pending().await,
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        self.0.handlers.fetch_sub(1, Ordering::AcqRel);
        self.0.answered.store(true, Ordering::Release);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}
