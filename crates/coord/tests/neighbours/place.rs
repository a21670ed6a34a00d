use std::time::Duration;

use serde_json::{Value, json};
use testkit::coord::Coord;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

const ADMIN: &str = "an administrator's key";

/// Longer than any request of these may take.
const LONG: Duration = Duration::from_secs(60);

/// Messages of the loud tenant that its searches go through.
const MESSAGES: usize = 2_000;

/// A server with two tenants.
pub(crate) struct Place {
    pub(crate) coord: Coord,
    /// The key of the loud tenant's administrator.
    pub(crate) loud: String,
    /// The key of one of its agents.
    pub(crate) loud_agent: String,
    quiet: String,
}

impl Place {
    pub(crate) async fn start(grace_s: u64) -> Self {
        let grace = format!("{grace_s}s");
        let settings = [
            ("COORDINATION__AUTH__MODE", "keys"),
            ("COORDINATION_ADMIN_KEY", ADMIN),
            ("COORDINATION__SERVER__SHUTDOWN_GRACE", grace.as_str()),
        ];
        let coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &settings).unwrap();
        let mut place = Self { coord, loud: ADMIN.to_owned(), loud_agent: String::new(), quiet: String::new() };
        for tenant in ["loud", "quiet"] {
            place.ok(ADMIN, "POST", "/api/v1/tenants", Some(json!({"name": tenant}))).await;
        }
        place.loud = place.key(json!({"role": "admin", "tenant": "loud"})).await;
        place.quiet = place.key(json!({"role": "admin", "tenant": "quiet"})).await;
        for key in [&place.loud, &place.quiet] {
            for agent in ["code", "chat"] {
                place.ok(key, "PUT", &format!("/api/v1/agents/{agent}"), Some(json!({}))).await;
            }
        }
        place.loud_agent = place.key(json!({"role": "agent", "tenant": "loud", "agents": ["code"]})).await;
        place.fill().await;
        place
    }

    async fn key(&self, request: Value) -> String {
        let made = self.ok(ADMIN, "POST", "/api/v1/keys", Some(request)).await;
        made["key"].as_str().expect("a key").to_owned()
    }

    /// Gives the loud tenant something to search in.
    async fn fill(&self) {
        let words = |n: usize| (0..60).map(|i| word(n * 61 + i * 7)).collect::<Vec<_>>().join(" ");
        let message = |n| json!({"from": "code", "to": "chat", "subject": "words", "body": words(n)});
        for start in (0..MESSAGES).step_by(500) {
            let messages: Vec<Value> = (start..start + 500).map(message).collect();
            self.ok(&self.loud, "POST", "/api/v1/messages/batch", Some(json!({"messages": messages}))).await;
        }
    }

    /// The 99th percentile of what the quiet tenant's requests take, each of which must be answered as usual.
    pub(crate) async fn p99(&self, rounds: usize) -> Duration {
        let mut took = Vec::with_capacity(rounds * 4);
        for n in 0..rounds {
            let message = json!({"from": "code", "to": "chat", "subject": format!("round {n}")});
            let inbox = "/api/v1/agents/chat/inbox";
            let sent = self.timed(&mut took, "POST", "/api/v1/messages", Some(message)).await;
            self.timed(&mut took, "POST", &format!("{inbox}/receive"), Some(json!({}))).await;
            let id = sent["id"].as_str().expect("an id");
            self.timed(&mut took, "POST", &format!("{inbox}/{id}/ack"), Some(json!({}))).await;
            self.timed(&mut took, "GET", "/api/v1/messages?limit=5", None).await;
            self.timed(&mut took, "GET", "/ready", None).await;
        }
        took.sort();
        took[took.len() * 99 / 100]
    }

    async fn timed(&self, took: &mut Vec<Duration>, method: &str, path: &str, body: Option<Value>) -> Value {
        let began = Instant::now();
        let answer = self.ok(&self.quiet, method, path, body).await;
        took.push(began.elapsed());
        answer
    }

    async fn ok(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, text) = self.ask(&request(key, method, path, body)).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {text}\n{}", self.coord.daemon.log());
        serde_json::from_str(&text).expect("JSON")
    }

    pub(crate) async fn send_large(&self, key: &str, bytes: usize) -> u16 {
        let message = json!({"from": "code", "to": "chat", "subject": "large", "body": "x".repeat(bytes)});
        self.ask(&request(key, "POST", "/api/v1/messages", Some(message))).await.0
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.coord.address()).await.expect("a connection")
    }

    /// Status and body of an answer.
    async fn ask(&self, request: &str) -> (u16, String) {
        let exchange = async {
            let mut stream = self.connect().await;
            stream.write_all(request.as_bytes()).await.expect("writes");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("reads");
            answer
        };
        let answer = tokio::time::timeout(LONG, exchange).await.expect("an answer in time");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
        (head[9..12].parse().expect("a status"), body.to_owned())
    }

    /// The most memory that the server ever had.
    pub(crate) fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.coord.daemon.id().expect("it runs")));
        let status = status.expect("its status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        peak.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1_024
    }
}

/// A request as it goes over the wire; its connection is closed after the answer.
pub(crate) fn request(key: &str, method: &str, path: &str, body: Option<Value>) -> String {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// One of some ten thousand words, spread over all letters.
fn word(n: usize) -> String {
    let letter = |place: u32| char::from(b'a' + (n / 26_usize.pow(place) % 26) as u8);
    [letter(0), letter(1), letter(2), 'x'].iter().collect()
}
