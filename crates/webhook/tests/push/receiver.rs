//! A receiver: a real HTTP server on loopback that notes what it gets and answers as it is told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;
use tokio::net::TcpListener;

/// How a receiver answers one request; every further one with 200.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    /// With a status and a header.
    With(u16, &'static str, String),
    /// Never.
    Hang,
    /// With 200, and a body that goes on for ever: so many bytes every so many milliseconds.
    Endless(usize, u64),
}

/// A request that was got.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    pub(crate) fn subject(&self) -> String {
        self.json()["message"]["subject"].as_str().expect("a subject").to_owned()
    }
}

#[derive(Default)]
struct Noted {
    got: Mutex<Vec<Got>>,
    answers: Mutex<VecDeque<Answer>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    sent: AtomicUsize,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    noted: Arc<Noted>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::on("127.0.0.1:0").await
    }

    pub(crate) async fn on(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port on loopback");
        let address = listener.local_addr().expect("an address");
        let noted = Arc::new(Noted::default());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&noted));
        serve(listener, router);
        Self { address, noted }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/inbox", self.address)
    }

    pub(crate) fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    /// Answers the next requests so, one after the other.
    pub(crate) fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.noted.answers.lock().unwrap().extend(answers);
    }

    /// What was got so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.noted.got.lock().unwrap().clone()
    }

    pub(crate) fn subjects(&self) -> Vec<String> {
        self.got().iter().map(Got::subject).collect()
    }

    /// The most requests that were in its hands at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.noted.most_at_once.load(Ordering::SeqCst)
    }

    /// The bytes of endless bodies that were asked for.
    pub(crate) fn sent(&self) -> usize {
        self.noted.sent.load(Ordering::SeqCst)
    }
}

#[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

async fn receive(
    State(noted): State<Arc<Noted>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response<Body> {
    let now = noted.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    noted.most_at_once.fetch_max(now, Ordering::SeqCst);
    noted.got.lock().unwrap().push(Got { method, uri, headers, bytes });
    let answer = noted.answers.lock().unwrap().pop_front().unwrap_or(Answer::Status(200));
    // pace: long enough for a second request to come in, were there one
    tokio::time::sleep(Duration::from_millis(2)).await;
    let response = Response::builder();
    let response = match answer {
        Answer::Status(status) => response.status(status).body(Body::empty()),
        Answer::With(status, name, value) => response.status(status).header(name, value).body(Body::empty()),
        Answer::Hang => std::future::pending().await,
        Answer::Endless(bytes, millis) => response.body(endless(Arc::clone(&noted), bytes, millis)),
    };
    noted.at_once.fetch_sub(1, Ordering::SeqCst);
    response.expect("an answer")
}

fn endless(noted: Arc<Noted>, bytes: usize, millis: u64) -> Body {
    let parts = futures_util::stream::unfold(noted, move |noted| async move {
        // pace: an answer that comes in parts
        tokio::time::sleep(Duration::from_millis(millis)).await;
        noted.sent.fetch_add(bytes, Ordering::SeqCst);
        Some((Ok::<_, Infallible>(Bytes::from(vec![b'x'; bytes])), noted))
    });
    Body::from_stream(parts)
}
