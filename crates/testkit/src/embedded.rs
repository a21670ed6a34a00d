//! A whole server in this process: a real engine over SQLite in a folder of its own, and requests through the real router.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use blobs::Blobs;
use broker::Broker;
use domain::Digest;
use engine::{AccessPolicy, AnonymousAccess, Clock, Config, Engine, Parts, Pusher};
use ephemeral::Ephemeral;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use server::config::ServerConfig;
use server::{Metrics, Server};
use store::Store;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::failure::Failure;

/// What a server is to be like, where a test does not want the usual.
pub struct TestConfig {
    /// The engine's configuration.
    pub config: Config,
    /// The HTTP adapter's configuration.
    pub server: ServerConfig,
    /// Who is let in without a key.
    pub open: AnonymousAccess,
    /// A key that administers `default` without being stored.
    pub admin: Option<String>,
    /// The time.
    pub clock: Clock,
    /// What hands deliveries to webhooks.
    pub pusher: Option<Arc<dyn Pusher>>,
}

impl Default for TestConfig {
    fn default() -> Self {
        Self {
            config: Config::default(),
            server: ServerConfig::default(),
            open: AnonymousAccess::UntilFirstKey,
            admin: None,
            clock: Clock::system(),
            pusher: None,
        }
    }
}

/// A server in this process. Its folder goes when it is dropped.
pub struct Embedded {
    /// The engine behind it.
    pub engine: Engine,
    /// The routes, as a listener would serve them.
    pub router: Router,
    /// The time it goes by.
    pub clock: Clock,
    /// The HTTP adapter, until a test serves it on a listener.
    pub server: Option<Server>,
    folder: TempDir,
}

impl Embedded {
    /// Starts a server with the usual configuration and no keys.
    pub async fn start() -> Result<Self, Failure> {
        Self::of(TestConfig::default()).await
    }

    /// Starts a server as `test_config` says.
    pub async fn of(test_config: TestConfig) -> Result<Self, Failure> {
        let folder = TempDir::new().map_err(|error| Failure::of("make a folder", &error))?;
        let TestConfig { config, server, open, admin, clock, pusher } = test_config;
        let metrics = Metrics::new();
        let options = store::Options { searches: config.limits.searches, ..store::Options::default() };
        let store = Store::open_sqlite(folder.path(), options);
        let parts = Parts {
            store: store.map_err(|error| Failure::of("open the store", &error))?,
            broker: Broker::in_process(config.limits.queue_depth),
            ephemeral: Ephemeral::default(),
            blobs: Blobs::in_folder(&folder.path().join("attachments"))
                .map_err(|error| Failure::of("open the attachments", &error))?,
            archive: None,
            clock: clock.clone(),
            observer: Some(metrics.observer()),
            pusher,
        };
        let admin: Option<Digest> = admin.as_deref().map(engine::admin_key_digest);
        let engine = Engine::start(parts, config, AccessPolicy { anonymous: open, admin }).await;
        let engine = engine.map_err(|error| Failure::of("start the engine", &error))?;
        let server = Server::new(engine.clone(), server, metrics);
        Ok(Self { engine, router: server.router(), clock, server: Some(server), folder })
    }

    /// The folder with everything that the server keeps.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Sends any request through the router; the answer's body is still to come.
    pub async fn respond(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        let Ok(response) = self.router.clone().oneshot(request).await;
        Ok(response)
    }

    /// How many long polls wait; a future, as where another process has to be asked.
    pub fn polls(&self) -> impl Future<Output = usize> {
        std::future::ready(self.engine.waiting().0)
    }
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Reads an answer to its end; what follows the head of an event stream is left, because it has none.
    ///
    /// Fails when the body breaks off.
    pub async fn read(response: Response<Body>) -> Result<Self, Failure> {
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status.as_u16(), parts.headers);
        if headers.get("content-type").is_some_and(|media_type| media_type == "text/event-stream") {
            return Ok(Self { status, headers, bytes: Vec::new() });
        }
        let body = body.collect().await.map_err(|error| Failure::of("read an answer", &error))?;
        Ok(Self { status, headers, bytes: body.to_bytes().to_vec() })
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header as text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
