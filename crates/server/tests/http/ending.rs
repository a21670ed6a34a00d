//! How connections end: with the server, with the client, and with neither waiting for the other.

use std::time::Duration;

use domain::Span;
use serde_json::json;
use testkit::embedded::TestConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::Instant;

use crate::listening::{Listening, post, rest, until};

/// Far below the grace, which is 25 s.
const QUICK: Duration = Duration::from_secs(10);

async fn started() -> Listening {
    Listening::start(TestConfig::default()).await
}

#[tokio::test]
async fn half_a_head_does_not_hold_up_the_end() {
    let server = started().await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /health HTTP/1.1\r\nHost: localh").await.unwrap();
    until_connected(&server).await;
    let begun = Instant::now();
    server.end().await;
    assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn half_a_body_is_answered_when_the_server_ends_and_does_not_hold_it_up() {
    let server = started().await;
    let mut stuck = server.connect().await;
    let head =
        "POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    stuck.write_all(head.as_bytes()).await.unwrap();
    until(&mut stuck, "100 Continue\r\n\r\n").await;
    stuck.write_all(b"{").await.unwrap();
    let begun = Instant::now();
    server.stop.cancel();
    let answer = rest(&mut stuck).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"upload-timeout\""), "{answer}");
    server.end().await;
    assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn half_an_upload_does_not_hold_up_the_end() {
    let server = started().await;
    let mut stuck = server.connect().await;
    let head =
        "POST /api/v1/attachments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    stuck.write_all(head.as_bytes()).await.unwrap();
    until(&mut stuck, "100 Continue\r\n\r\n").await;
    let begun = Instant::now();
    server.end().await;
    assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stream_that_nobody_reads_does_not_hold_up_the_end() {
    let server = started().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut unread = socket.connect(server.address).await.unwrap();
    unread.write_all(b"GET /api/v1/events/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    while server.world.server.engine.waiting().1 == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..8 {
        let large = json!({"from": "code", "to": "chat", "subject": "large", "body": "x".repeat(250_000)});
        server.world.sent(large).await;
    }
    let begun = Instant::now();
    server.end().await;
    assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn every_answer_says_that_the_connection_closes_once_the_server_leaves() {
    let mut test_config = TestConfig::default();
    test_config.server.drain_delay = Span::from_secs(60);
    let server = Listening::start(test_config).await;
    let mut open = server.connect().await;
    let request = b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n";
    open.write_all(request).await.unwrap();
    let before = until(&mut open, "}}").await.to_ascii_lowercase();
    assert!(!before.contains("connection: close"), "{before}");
    server.stop.cancel();
    while server.world.get("/ready").await.status != 503 {
        tokio::task::yield_now().await;
    }
    open.write_all(request).await.unwrap();
    let after = rest(&mut open).await.to_ascii_lowercase();
    assert!(after.starts_with("http/1.1 503") && after.contains("connection: close"), "{after}");
    let answer = server.exchange("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n").await.to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 404") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_client_that_sends_no_more_gets_its_answer() {
    let server = started().await;
    let mut half = server.connect().await;
    half.write_all(post("/api/v1/messages", r#"{"from":"code","to":"chat","subject":"half"}"#, "").as_bytes())
        .await
        .unwrap();
    half.shutdown().await.unwrap();
    let answer = rest(&mut half).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let mut half = server.connect().await;
    let two = post("/api/v1/agents/chat/inbox/receive", "{}", "") + "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    half.write_all(two.as_bytes()).await.unwrap();
    half.shutdown().await.unwrap();
    let answers = rest(&mut half).await;
    assert!(answers.contains("\"subject\":\"half\"") && answers.ends_with('}'), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    server.end().await;
}

#[tokio::test]
async fn a_client_that_sends_no_more_waits_for_nothing_that_may_never_come() {
    let server = started().await;
    let mut half = server.connect().await;
    half.write_all(post("/api/v1/agents/chat/inbox/receive", r#"{"wait":"60s"}"#, "").as_bytes()).await.unwrap();
    half.shutdown().await.unwrap();
    let begun = Instant::now();
    let answer = rest(&mut half).await;
    assert!(answer.ends_with("{\"deliveries\":[]}"), "{answer}");
    assert!(begun.elapsed() < QUICK);
    server.end().await;
}

#[tokio::test]
async fn a_request_behind_the_long_poll_of_a_client_that_is_gone_leases_nothing() {
    let server = started().await;
    server.world.hello("not for who is gone").await;
    let mut gone = server.connect().await;
    let wait = post("/api/v1/agents/human/inbox/receive", r#"{"wait":"60s"}"#, "");
    let lease = post("/api/v1/agents/chat/inbox/receive", "{}", "");
    gone.write_all((wait + &lease).as_bytes()).await.unwrap();
    while server.world.server.engine.waiting().0 == 0 {
        tokio::task::yield_now().await;
    }
    drop(gone);
    let over = async {
        while server.world.server.engine.waiting().0 > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(QUICK, over).await.expect("nobody is waited for who is gone");
    let world = server.end().await;
    let counts = world.get("/api/v1/agents/chat/inbox").await.json()["counts"].clone();
    assert_eq!((&counts["pending"], &counts["leased"]), (&json!(1), &json!(0)), "{counts}");
}

#[tokio::test]
async fn a_stream_ends_with_its_client() {
    let server = started().await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    until(&mut stream, "retry: 1000").await;
    assert_eq!(server.world.server.engine.waiting(), (0, 1));
    drop(stream);
    let over = async {
        while server.world.server.engine.waiting().1 > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(QUICK, over).await.expect("its place is free");
    server.end().await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_dropped_with_the_reason_and_loses_nothing() {
    let mut test_config = TestConfig::default();
    test_config.config.limits.stream_stall = Span::from_millis(20);
    let server = Listening::start(test_config).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut slow = socket.connect(server.address).await.unwrap();
    slow.write_all(b"GET /api/v1/agents/chat/inbox/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    while server.world.server.engine.waiting().1 == 0 {
        tokio::task::yield_now().await;
    }
    let mut sent = Vec::new();
    for _ in 0..16 {
        let large = json!({"from": "code", "to": "chat", "subject": "large", "body": "x".repeat(250_000)});
        sent.push(server.world.sent(large).await["seq"].as_u64().unwrap());
    }
    let text = until(&mut slow, "\r\n0\r\n\r\n").await;
    let (_, dropped) = text.split_once("event: dropped\ndata: ").expect("it says why");
    assert!(dropped.starts_with("{\"reason\":\"slow-reader\",\"detail\":\"Nothing was taken for 20ms"), "{dropped}");
    let mut last = ids(&text);
    assert!(!last.is_empty() && last.len() < sent.len(), "{last:?}");
    while last.len() < sent.len() {
        let mut again = server.connect().await;
        let id = last.last().unwrap();
        let resume =
            format!("GET /api/v1/agents/chat/inbox/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {id}\r\n\r\n");
        again.write_all(resume.as_bytes()).await.unwrap();
        last.extend(ids(&until(&mut again, "\"large\"").await));
    }
    assert!(sent.starts_with(&last[..1]) && last.windows(2).all(|pair| pair[0] < pair[1]), "{last:?}");
    server.end().await;
}

/// The ids of whole events.
fn ids(text: &str) -> Vec<u64> {
    text.split("\n\n")
        .filter_map(|block| block.lines().find_map(|line| line.strip_prefix("id: "))?.trim().parse().ok())
        .collect()
}

async fn until_connected(server: &Listening) {
    server.exchange("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
}
