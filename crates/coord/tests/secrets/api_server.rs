//! As much of Kubernetes' API server as making secrets needs, answering as the real one does: TLS with an authority of its
//! own, bearer tokens, rights by verb and name, strict fields, and `Status` objects for what is refused.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::extract::{Path as Segments, Query, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// The only secrets that the service account may read.
const READABLE: [&str; 4] = ["db-credentials", "rabbitmq-credentials", "redis-credentials", "coordination-admin-key"];

/// What goes wrong with one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is answered with this status and nothing is done.
    Refused(u16),
    /// It is answered with this text, as a proxy on the way might do.
    Garbled(&'static str),
    /// The next secret is made, and that is not said.
    Unanswered,
    /// The token is no longer valid: a new one lies in the folder.
    NewToken,
}

/// Secrets by name, their values decoded.
pub(crate) type Stored = BTreeMap<String, BTreeMap<String, String>>;

#[derive(Default)]
struct World {
    secrets: Stored,
    token: String,
    faults: VecDeque<Fault>,
    requests: Vec<String>,
}

#[derive(Clone)]
struct Shared {
    world: Arc<Mutex<World>>,
    folder: Arc<TempDir>,
    /// Where set, the first reads are answered together, so that all of them find nothing.
    meeting: Option<Arc<Barrier>>,
}

/// A running API server and the folder of a pod's service account; both end when this is dropped.
pub(crate) struct ApiServer {
    address: SocketAddr,
    shared: Shared,
    _serving: JoinSet<io::Result<()>>,
}

impl ApiServer {
    /// Starts a server for the namespace `coordination`.
    pub(crate) async fn start() -> Self {
        Self::start_where_first_reads_meet(1).await
    }

    /// Starts a server whose first `count` reads wait for each other.
    pub(crate) async fn start_where_first_reads_meet(count: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let folder = Arc::new(TempDir::new().unwrap());
        let acceptor = certify(folder.path());
        let world = World { token: "token-1".to_owned(), ..World::default() };
        fs::write(folder.path().join("token"), &world.token).unwrap();
        fs::write(folder.path().join("namespace"), "coordination").unwrap();
        let meeting = (count > 1).then(|| Arc::new(Barrier::new(count)));
        let shared = Shared { world: Arc::new(Mutex::new(world)), folder, meeting };
        let router = Router::new()
            .route("/api/v1/namespaces/{namespace}/secrets", get(list).post(create))
            .route("/api/v1/namespaces/{namespace}/secrets/{name}", get(read))
            .layer(middleware::from_fn_with_state(shared.clone(), admit))
            .with_state(shared.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(Tls { listener, acceptor }, router).await });
        Self { address, shared, _serving: serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of the service account.
    pub(crate) fn account(&self) -> &Path {
        self.shared.folder.path()
    }

    pub(crate) fn secrets(&self) -> Stored {
        self.shared.world.lock().unwrap().secrets.clone()
    }

    /// Puts a secret there, as somebody else would.
    pub(crate) fn put(&self, name: &str, values: &[(&str, &str)]) {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.shared.world.lock().unwrap().secrets.insert(name.to_owned(), values);
    }

    /// What goes wrong with the next requests, one each.
    pub(crate) fn break_next(&self, faults: &[Fault]) {
        self.shared.world.lock().unwrap().faults.extend(faults.iter().cloned());
    }

    /// Method and path of every request that arrived.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.world.lock().unwrap().requests.clone()
    }
}

/// Makes an authority, whose certificate goes into the folder, and a certificate for 127.0.0.1.
fn certify(folder: &Path) -> TlsAcceptor {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.join("ca.crt"), authority.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = ["127.0.0.1".to_owned(), "kubernetes.default.svc".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, peer) = self.listener.accept().await.unwrap();
            // One that does not trust the certificate hangs up here.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

fn status(code: u16, reason: &str, message: &str) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {},
        "status": "Failure", "reason": reason, "message": message, "code": code,
    });
    (StatusCode::from_u16(code).unwrap(), Json(body)).into_response()
}

/// Knows the caller by its token, and makes go wrong what shall.
async fn admit(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (known, fault) = {
        let mut world = shared.world.lock().unwrap();
        world.requests.push(format!("{} {}", request.method(), request.uri().path()));
        let waits = request.method() == Method::GET && matches!(world.faults.front(), Some(Fault::Unanswered));
        let fault = if waits { None } else { world.faults.pop_front() };
        (header == format!("Bearer {}", world.token), fault)
    };
    if !known {
        return status(401, "Unauthorized", "Unauthorized");
    }
    match fault {
        None => next.run(request).await,
        Some(Fault::Refused(code)) => status(code, "", "refused for the test"),
        Some(Fault::Garbled(text)) => text.into_response(),
        Some(Fault::Unanswered) => {
            next.run(request).await;
            status(504, "Timeout", "the answer was lost")
        }
        Some(Fault::NewToken) => {
            "token-2".clone_into(&mut shared.world.lock().unwrap().token);
            fs::write(shared.folder.path().join("token"), "token-2\n").unwrap();
            status(401, "Unauthorized", "Unauthorized")
        }
    }
}

async fn list() -> Response {
    status(403, "Forbidden", "secrets is forbidden: cannot list resource \"secrets\"")
}

async fn read(State(shared): State<Shared>, Segments((namespace, name)): Segments<(String, String)>) -> Response {
    if namespace != "coordination" || !READABLE.contains(&name.as_str()) {
        return status(403, "Forbidden", &format!("secrets \"{name}\" is forbidden"));
    }
    let found = shared.world.lock().unwrap().secrets.get(&name).cloned();
    if let (Some(meeting), READABLE_FIRST) = (&shared.meeting, name.as_str())
        && found.is_none()
    {
        meeting.wait().await;
    }
    match found {
        Some(values) => Json(object(&name, &values)).into_response(),
        None => status(404, "NotFound", &format!("secrets \"{name}\" not found")),
    }
}

/// The secret that is asked for first.
const READABLE_FIRST: &str = READABLE[0];

fn object(name: &str, values: &BTreeMap<String, String>) -> Value {
    let data: BTreeMap<&String, String> = values.iter().map(|(key, value)| (key, STANDARD.encode(value))).collect();
    json!({
        "kind": "Secret", "apiVersion": "v1", "type": "Opaque", "data": data,
        "metadata": { "name": name, "namespace": "coordination", "resourceVersion": "1" },
    })
}

async fn create(
    State(shared): State<Shared>,
    Segments(namespace): Segments<String>,
    Query(query): Query<BTreeMap<String, String>>,
    Json(body): Json<Value>,
) -> Response {
    if namespace != "coordination" {
        return status(403, "Forbidden", "secrets is forbidden");
    }
    assert_eq!(query.get("fieldValidation").map(String::as_str), Some("Strict"));
    let (name, values) = match accept(&body) {
        Ok(accepted) => accepted,
        Err(why) => return status(422, "Invalid", &why),
    };
    let mut world = shared.world.lock().unwrap();
    if world.secrets.contains_key(&name) {
        return status(409, "AlreadyExists", &format!("secrets \"{name}\" already exists"));
    }
    let answer = object(&name, &values);
    world.secrets.insert(name, values);
    (StatusCode::CREATED, Json(answer)).into_response()
}

/// Reads a secret as strictly as the real server does when it is asked to.
fn accept(body: &Value) -> Result<(String, BTreeMap<String, String>), String> {
    only(body, &["apiVersion", "kind", "metadata", "type", "stringData", "data", "immutable"])?;
    only(&body["metadata"], &["name", "namespace", "labels", "annotations"])?;
    if body["apiVersion"] != "v1" || body["kind"] != "Secret" || body["metadata"]["namespace"] != "coordination" {
        return Err("the object is not a secret of this namespace".to_owned());
    }
    let label = |value: &Value| value.as_str().is_some_and(|value| value.len() <= 63);
    if !body["metadata"]["labels"].as_object().is_some_and(|labels| labels.values().all(label)) {
        return Err("metadata.labels: invalid".to_owned());
    }
    let name = body["metadata"]["name"].as_str().ok_or("metadata.name: required")?;
    let values = body["stringData"].as_object().ok_or("stringData: required")?.iter().map(|(key, value)| {
        let right = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        let value = value.as_str().filter(|_| right).ok_or_else(|| format!("stringData[{key}]: invalid"))?;
        Ok((key.clone(), value.to_owned()))
    });
    Ok((name.to_owned(), values.collect::<Result<_, String>>()?))
}

fn only(object: &Value, known: &[&str]) -> Result<(), String> {
    let fields = object.as_object().ok_or("an object is required")?;
    match fields.keys().find(|field| !known.contains(&field.as_str())) {
        Some(field) => Err(format!("strict decoding error: unknown field \"{field}\"")),
        None => Ok(()),
    }
}
