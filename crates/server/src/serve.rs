//! The server: accepts connections, serves them, and ends in order.
//!
//! On shutdown readiness says no first, while everything is still served, so that balancers turn away; then nothing new
//! is accepted, streams and long polls end, and what is in hand is finished or, after a while, dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use domain::Span;
use engine::Engine;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Shared};
use crate::config::ServerConfig;
use crate::connection;
use crate::heavy::Heavy;
use crate::metrics::{Held, Metrics};
use crate::request_id::RequestIds;
use crate::router;
use crate::sse::Pace;
use protocol::guard::Guard;

/// Connections to the metrics listener at a time.
const METRICS_CONNECTIONS: usize = 64;

/// The pause after a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where a server listens.
#[derive(Debug)]
pub struct Listeners {
    /// For the API.
    pub api: TcpListener,
    /// For `/metrics`, if they are wanted.
    pub metrics: Option<TcpListener>,
}

/// The HTTP adapter of one engine.
#[derive(Debug)]
pub struct Server {
    app: App,
    router: Router,
    config: ServerConfig,
}

impl Server {
    /// Puts the HTTP adapter before an engine that was started with the observer of these metrics.
    pub fn new(engine: Engine, config: ServerConfig, metrics: Arc<Metrics>) -> Self {
        let app = app(engine, &config, metrics);
        let router = router::router(&app);
        Self { app, router, config }
    }

    /// Puts only `/health` and `/ready` before an engine, and its measures: the adapter of a process that serves no API.
    pub fn of_probes(engine: Engine, config: ServerConfig, metrics: Arc<Metrics>) -> Self {
        let app = app(engine, &config, metrics);
        let router = router::probes(&app);
        Self { app, router, config }
    }

    /// The routes, for requests that come from within the process.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// The routes of the metrics listener.
    pub fn metrics_router(&self) -> Router {
        router::metrics(&self.app)
    }

    /// Serves until `shutdown` ends, then drains; see the module. Returns when the last connection is closed or
    /// `shutdown_grace` is over.
    pub async fn serve(self, listeners: Listeners, shutdown: impl Future<Output = ()> + Send) {
        let stop = self.app.stopping.clone();
        let tasks = TaskTracker::new();
        if let Some(listener) = listeners.metrics {
            let served = Served {
                router: self.metrics_router(),
                limits: Limits::of(&self.config, METRICS_CONNECTIONS),
                app: self.app.clone(),
                counted: false,
            };
            tasks.spawn(served.accept(listener, stop.clone()));
        }
        let served = Served {
            router: self.router,
            limits: Limits::of(&self.config, self.config.connections),
            app: self.app.clone(),
            counted: true,
        };
        tasks.spawn(served.accept(listeners.api, stop.clone()));
        tasks.close();

        shutdown.await;
        self.app.leaving.store(true, Ordering::Release);
        tracing::info!(drain_delay = %self.config.drain_delay, "draining");
        sleep(self.config.drain_delay.to_std()).await;
        stop.cancel();
        self.app.engine.drain();
        if timeout(self.config.shutdown_grace.to_std(), tasks.wait()).await.is_err() {
            tracing::warn!(shutdown_grace = %self.config.shutdown_grace, "connections were cut off");
        }
    }
}

pub(crate) fn app(engine: Engine, config: &ServerConfig, metrics: Arc<Metrics>) -> App {
    let limits = &engine.config().limits;
    let shared = Shared {
        metrics,
        ids: RequestIds::new(),
        guard: Guard::of(config.listen, engine.is_open_to_all()),
        document: OnceLock::new(),
        document_earlier: OnceLock::new(),
        leaving: AtomicBool::new(false),
        stopping: CancellationToken::new(),
        heavy: Heavy::new(),
        request_bytes: limits.request_bytes.as_usize(),
        batch_bytes: limits.batch_bytes.as_usize(),
        request_timeout: limits.request_timeout.to_std(),
        wait_max: limits.wait_max.to_std(),
        pace: Pace { comment: config.stream_comment.to_std(), stall: limits.stream_stall.to_std() },
        engine,
    };
    App::new(shared)
}

/// What a connection may take.
#[derive(Debug)]
struct Limits {
    connections: Arc<Semaphore>,
    header_timeout: Span,
}

impl Limits {
    fn of(config: &ServerConfig, connections: usize) -> Self {
        let connections = connections.min(Semaphore::MAX_PERMITS);
        Self { connections: Arc::new(Semaphore::new(connections)), header_timeout: config.header_timeout }
    }
}

/// What the connections of one listener are served.
struct Served {
    router: Router,
    limits: Limits,
    app: App,
    /// Whether its connections show in the metrics.
    counted: bool,
}

impl Served {
    /// Accepts until `stop`, then waits for the connections to end; one that is idle ends at once.
    async fn accept(self, listener: TcpListener, stop: CancellationToken) {
        let connections = TaskTracker::new();
        while let Some(stream) = stop.run_until_cancelled(next(&listener)).await {
            let Some(Ok(permit)) = stop.run_until_cancelled(Arc::clone(&self.limits.connections).acquire_owned()).await
            else {
                break;
            };
            let held = self.counted.then(|| Held::of(&self.app.metrics.connections));
            let header_timeout = self.limits.header_timeout.to_std();
            let connection = connection::serve(stream, self.router.clone(), self.app.clone(), header_timeout);
            connections.spawn(async move {
                connection.await;
                drop((permit, held));
            });
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }
}

async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
