//! Where the cases run here: processes behind a balancer, asked over HTTP.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use engine::{AnonymousAccess, Config};
use http::{Method, Request, Response};
use serde_json::json;
use tempfile::TempDir;
use testkit::cluster::{Cluster, Engines, Size};
use testkit::failure::Failure;

use crate::world::{World, text};

/// The key of the administrator of `default`.
const ADMIN: &str = "an administrator's key";

/// How long any answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Has a tenant for every world, in a cluster that most share.
pub(crate) struct Place {
    engines: Engines,
    usual: Cluster,
    http: reqwest::Client,
    drawn: AtomicU32,
}

impl Place {
    /// Starts the engines and the cluster that most worlds share.
    pub(crate) fn start() -> Self {
        let engines = Engines::start().expect("the engines start");
        let usual = started(&engines, "usual", &Config::default(), AnonymousAccess::Never).0;
        // Brings the provider of cryptography that any client needs.
        client::Client::new(&usual.url(), None).expect("a client");
        let http = reqwest::Client::builder().timeout(ANSWER_MAX).redirect(reqwest::redirect::Policy::none());
        let http = http.build().expect("a client");
        Self { engines, usual, http, drawn: AtomicU32::new(0) }
    }

    /// A tenant of its own under the usual configuration, asked by its administrator.
    pub(crate) async fn world(&self) -> World {
        self.tenant(self.server(&self.usual)).await
    }

    /// A tenant of its own under another configuration, asked by its administrator.
    pub(crate) async fn world_under(&self, config: Config) -> World {
        let server = self.own(&config, AnonymousAccess::Never);
        self.tenant(server).await
    }

    /// A tenant of its own where every request needs a key, asked with its administrator's.
    pub(crate) async fn world_of_keys(&self) -> World {
        self.world().await
    }

    /// A whole installation, asked by the administrator of `default`: with a key where it is never open, else without one.
    ///
    /// A future, as where starting waits for something.
    #[expect(clippy::needless_pass_by_value, reason = "the cases call it as they call that of one process")]
    pub(crate) fn whole(&self, config: Config, open: AnonymousAccess) -> impl Future<Output = World> {
        let key = (open == AnonymousAccess::Never).then(|| ADMIN.to_owned());
        std::future::ready(World { server: self.own(&config, open), key, tenant: "default".to_owned() })
    }

    /// What all processes of the shared cluster have printed.
    pub(crate) fn log(&self) -> String {
        self.usual.log()
    }

    fn server(&self, cluster: &Cluster) -> Server {
        let metrics = cluster.apis.iter().map(|api| format!("http://{}/metrics", api.metrics_address())).collect();
        Server { url: cluster.url(), metrics, http: self.http.clone(), own: None }
    }

    fn own(&self, config: &Config, open: AnonymousAccess) -> Server {
        let own = started(&self.engines, &self.name(), config, open);
        let mut server = self.server(&own.0);
        server.own = Some(own);
        server
    }

    fn name(&self) -> String {
        format!("case{}", self.drawn.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a tenant with the agents that `default` has, and a key of its administrator.
    async fn tenant(&self, server: Server) -> World {
        let tenant = self.name();
        let mut world = World { server, key: Some(ADMIN.to_owned()), tenant: tenant.clone() };
        let made = world.post("/api/v1/tenants", json!({"name": tenant})).await;
        assert_eq!(made.status, 201, "{}", made.text());
        world.key = Some(world.made_key(json!({"role": "admin", "tenant": tenant})).await);
        let listed = world.json(Some(ADMIN), Method::GET, "/api/v1/agents", None).await.json();
        for agent in listed["items"].as_array().expect("agents").iter().filter(|agent| agent["name"] != "human") {
            let put = json!({"authority_domains": agent["authority_domains"]});
            let put = world.put(&format!("/api/v1/agents/{}", text(&agent["name"])), put).await;
            assert_eq!(put.status, 201, "{}", put.text());
        }
        world
    }
}

/// Starts an installation of its own with this configuration.
fn started(engines: &Engines, name: &str, config: &Config, open: AnonymousAccess) -> (Cluster, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let mut environment = engines.installation(name).expect("room for an installation");
    let mut set = |name: &str, value: String| environment.push((name.to_owned(), value));
    set("COORDINATION_CONFIG", file(folder.path(), config));
    set("COORDINATION__LOGGING__LEVEL", "warn".to_owned());
    if open == AnonymousAccess::Never {
        set("COORDINATION__AUTH__MODE", "keys".to_owned());
        set("COORDINATION_ADMIN_KEY", ADMIN.to_owned());
    }
    let cluster = Cluster::start(env!("CARGO_BIN_EXE_coord"), &environment, Size::default());
    (cluster.expect("the processes start"), folder)
}

/// Writes the configuration down; YAML reads JSON.
fn file(folder: &Path, config: &Config) -> String {
    let path = folder.join("config.yaml");
    std::fs::write(&path, serde_json::to_string(config).expect("JSON")).expect("the configuration is written");
    path.display().to_string()
}

/// What a case is told to ask: the balancer of a cluster.
pub(crate) struct Server {
    url: String,
    metrics: Vec<String>,
    http: reqwest::Client,
    /// Processes that end with this world.
    own: Option<(Cluster, TempDir)>,
}

impl Server {
    /// Sends any request; the answer's body is still to come.
    pub(crate) async fn respond(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        let (parts, body) = request.into_parts();
        let body = match body.size_hint().exact() {
            Some(_) => axum::body::to_bytes(body, usize::MAX).await.expect("a body in memory").into(),
            None => reqwest::Body::wrap_stream(body.into_data_stream()),
        };
        let request = self.http.request(parts.method, format!("{}{}", self.url, parts.uri)).headers(parts.headers);
        let answer = request.body(body).send().await;
        let response: Response<reqwest::Body> =
            answer.map_err(|error| Failure::of("ask", &format!("{error:?}")))?.into();
        Ok(response.map(Body::new))
    }

    /// How many long polls wait, in all processes of the API.
    pub(crate) async fn polls(&self) -> usize {
        let mut polls = 0;
        for url in &self.metrics {
            let text = self.http.get(url).send().await.expect("measures").text().await.expect("measures");
            let waiting = text.lines().find_map(|line| line.strip_prefix("long_polls_waiting "));
            polls += waiting.and_then(|count| count.parse::<usize>().ok()).expect("the count of long polls");
        }
        polls
    }
}
