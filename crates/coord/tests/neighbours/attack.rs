//! What one tenant does.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::place::{Place, request};

/// The pause between two requests on one connection.
const PAUSE: Duration = Duration::from_millis(250);

/// Goes on until it is dropped.
pub(crate) type Attackers = JoinSet<()>;

type Attack = fn(&Place) -> BoxFuture<'_, Attackers>;

/// Every attack, by its name.
pub(crate) const ALL: [(&str, Attack); 5] = [
    ("heavy searches", |place| std::future::ready(searches(place)).boxed()),
    ("unread streams", |place| unread_streams(place, 100).boxed()),
    ("half bodies", |place| half_bodies(place).boxed()),
    ("long names", |place| std::future::ready(long_names(place)).boxed()),
    ("NUL in texts", |place| std::future::ready(nul(place)).boxed()),
];

/// Sends these again and again, on so many connections, and reads what comes.
fn repeated(address: SocketAddr, connections: usize, requests: &[String]) -> Attackers {
    let mut attackers = JoinSet::new();
    for n in 0..connections {
        let request = requests[n % requests.len()].clone();
        attackers.spawn(async move {
            // It is about what one request costs: a flood of them would measure this machine.
            let mut pace = tokio::time::interval(PAUSE);
            loop {
                pace.tick().await;
                let _ = exchange(address, &request).await;
            }
        });
    }
    attackers
}

async fn exchange(address: SocketAddr, request: &str) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    stream.read_to_end(&mut Vec::new()).await
}

fn searches(place: &Place) -> Attackers {
    let prefixes: Vec<String> = ('a'..='h').map(|letter| format!("{letter}*")).collect();
    let many: Vec<String> = ('a'..='z').chain('a'..='z').chain('a'..='h').map(|letter| format!("{letter}*")).collect();
    let searches = [prefixes.join("+"), many.join("+"), "x".repeat(5_000)];
    let requests = searches.map(|q| request(&place.loud, "GET", &format!("/api/v1/messages?q={q}"), None));
    repeated(place.coord.address(), 80, &requests)
}

/// Opens streams from the beginning of the log, and reads nothing of them.
pub(crate) async fn unread_streams(place: &Place, number: usize) -> Attackers {
    let mut streams = Vec::with_capacity(number);
    for _ in 0..number {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a small buffer");
        let mut stream = socket.connect(place.coord.address()).await.expect("a connection");
        let request = request(&place.loud, "GET", "/api/v1/events/stream?after=0", None);
        stream.write_all(request.as_bytes()).await.expect("writes");
        streams.push(stream);
    }
    held(streams)
}

async fn half_bodies(place: &Place) -> Attackers {
    let head = request(&place.loud, "POST", "/api/v1/messages/batch", None);
    let head = head.replace("Content-Length: 0", "Content-Length: 60000000");
    let half = "x".repeat(1 << 20);
    let mut streams = Vec::new();
    for _ in 0..48 {
        let mut stream = place.connect().await;
        // It may be refused in the middle.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(half.as_bytes()).await;
        streams.push(stream);
    }
    held(streams)
}

fn long_names(place: &Place) -> Attackers {
    let long = "x".repeat(1_900_000);
    let requests = [
        json!({"to": long, "subject": "s", "body": "b"}),
        json!({"to": "chat", "subject": "s", "body": "b", long.as_str(): 1}),
    ];
    let requests = requests.map(|body| request(&place.loud_agent, "POST", "/api/v1/messages", Some(body)));
    repeated(place.coord.address(), 4, &requests)
}

fn nul(place: &Place) -> Attackers {
    let key = json!({"role": "observer", "name": "a\0b"});
    let requests = [
        request(&place.loud, "POST", "/api/v1/keys", Some(key)),
        request(&place.loud, "GET", "/api/v1/messages?from=%00", None),
        request(&place.loud, "GET", "/api/v1/agents/%00", None),
    ];
    repeated(place.coord.address(), 6, &requests)
}

/// Keeps connections open.
fn held(streams: Vec<TcpStream>) -> Attackers {
    let mut attackers = JoinSet::new();
    attackers.spawn(async move {
        std::future::pending::<()>().await;
        drop(streams);
    });
    attackers
}
