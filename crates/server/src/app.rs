//! What every handler shares.

use std::ops::Deref;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::FromRef;
use bytes::Bytes;
use engine::Engine;
use tokio_util::sync::CancellationToken;

use crate::heavy::Heavy;
use crate::metrics::Metrics;
use crate::request_id::RequestIds;
use crate::sse::Pace;
use protocol::guard::Guard;

/// The engine and what the HTTP adapter keeps around it; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// What a [`App`] holds.
pub(crate) struct Shared {
    /// What does the work.
    pub(crate) engine: Engine,
    /// What is measured.
    pub(crate) metrics: Arc<Metrics>,
    /// Where request ids come from.
    pub(crate) ids: RequestIds,
    /// Who may ask while no key is needed.
    pub(crate) guard: Guard,
    /// The API's description, once the router is built.
    pub(crate) document: OnceLock<Bytes>,
    /// The same in OpenAPI 3.0.
    pub(crate) document_earlier: OnceLock<Bytes>,
    /// Set when the server begins to leave: from then on it is not ready, and still answers everything.
    pub(crate) leaving: AtomicBool,
    /// Cancelled when it takes nothing new any more and what is in hand is to end.
    pub(crate) stopping: CancellationToken,
    /// Where work is done that would keep a request thread busy.
    pub(crate) heavy: Heavy,
    /// Bytes of a JSON request.
    pub(crate) request_bytes: usize,
    /// Bytes of a batch.
    pub(crate) batch_bytes: usize,
    /// How long a request may take.
    pub(crate) request_timeout: Duration,
    /// The longest wait of a long poll.
    pub(crate) wait_max: Duration,
    /// How streams treat their readers.
    pub(crate) pace: Pace,
}

impl App {
    /// Shares these.
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl FromRef<App> for Engine {
    fn from_ref(app: &App) -> Self {
        app.engine.clone()
    }
}
