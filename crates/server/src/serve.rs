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
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Shared};
use crate::config::ServerConfig;
use crate::metrics::{Held, Metrics};
use crate::request_id::RequestIds;
use crate::router;
use crate::socket::Socket;
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
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        if let Some(listener) = listeners.metrics {
            let served = Served {
                router: self.metrics_router(),
                limits: Limits::of(&self.config, METRICS_CONNECTIONS),
                app: None,
            };
            tasks.spawn(served.accept(listener, stop.clone()));
        }
        let served = Served {
            router: self.router,
            limits: Limits::of(&self.config, self.config.connections),
            app: Some(self.app.clone()),
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
        guard: Guard::of(config.listen),
        document: OnceLock::new(),
        document_earlier: OnceLock::new(),
        leaving: AtomicBool::new(false),
        request_bytes: limits.request_bytes.as_usize(),
        batch_bytes: limits.batch_bytes.as_usize(),
        request_timeout: limits.request_timeout.to_std(),
        wait_max: limits.wait_max.to_std(),
        stream_comment: config.stream_comment.to_std(),
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
    app: Option<App>,
}

impl Served {
    /// Accepts until `stop`, then waits for the connections to end; one that is idle ends at once.
    async fn accept(self, listener: TcpListener, stop: CancellationToken) {
        let connections = TaskTracker::new();
        let graceful = GracefulShutdown::new();
        while let Some(stream) = stop.run_until_cancelled(next(&listener)).await {
            let Some(Ok(permit)) = stop.run_until_cancelled(Arc::clone(&self.limits.connections).acquire_owned()).await
            else {
                break;
            };
            let held = self.app.as_ref().map(|app| Held::of(&app.metrics.connections));
            let connection = graceful.watch(self.connection(stream));
            connections.spawn(async move {
                // A client that breaks off is no news.
                let _ = connection.await;
                drop((permit, held));
            });
        }
        drop(listener);
        connections.close();
        graceful.shutdown().await;
        connections.wait().await;
    }

    fn connection(&self, stream: TcpStream) -> http1::Connection<TokioIo<Socket>, TowerToHyperService<Router>> {
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_timeout.to_std())
            .serve_connection(TokioIo::new(Socket::new(stream)), TowerToHyperService::new(self.router.clone()))
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
