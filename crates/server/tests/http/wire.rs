//! What only a real connection shows.

use std::time::Duration;

use domain::Span;
use serde_json::json;
use testkit::embedded::TestConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::listening::{Listening, post, rest, until};

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let server = Listening::start(TestConfig::default()).await;
    let body = r#"{"from":"code","to":"chat","subject":"one"}"#;
    let one = post("/api/v1/messages", body, "");
    let last = post("/api/v1/messages", body, "Connection: close\r\n");
    let answers = server.exchange(&format!("{one}{one}{last}")).await;
    assert_eq!(answers.matches("HTTP/1.1 201 Created").count(), 3, "{answers}");
    assert_eq!(answers.matches("x-request-id: ").count(), 3);
    server.end().await;
}

#[tokio::test]
async fn a_request_that_is_refused_early_gets_its_answer_all_the_same() {
    let server = Listening::start(TestConfig::default()).await;
    let body = "x".repeat(8 << 20);
    let answer = server.exchange(&post("/api/v1/messages", &body, "")).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("\"request-too-large\""), "{answer}");
    server.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_cut_off() {
    let server = Listening::start(TestConfig::default()).await;
    let begun = tokio::time::Instant::now();
    let answer = server.exchange("GET /health HTTP/1.1\r\nHost: localh").await;
    assert_eq!(answer, "");
    assert!(begun.elapsed() <= Duration::from_secs(31));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_answered_with_a_problem() {
    let server = Listening::start(TestConfig::default()).await;
    let request = "POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"from\"";
    let answer = server.exchange(request).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"code\":\"upload-timeout\""), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let mut test_config = TestConfig::default();
    test_config.server.connections = 1;
    let server = Listening::start(test_config).await;
    let mut first = server.connect().await;
    first.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    until(&mut first, "\"ok\"").await;
    let mut second = server.connect().await;
    second.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), second.read_u8()).await;
    assert!(early.is_err(), "not served while the first is open");
    drop(first);
    assert!(rest(&mut second).await.starts_with("TTP/1.1 200") || early.is_err());
    server.end().await;
}

#[tokio::test]
async fn a_server_that_leaves_says_so_first_and_then_finishes_what_is_in_hand() {
    let mut test_config = TestConfig::default();
    test_config.server.drain_delay = Span::from_millis(200);
    let server = Listening::start(test_config).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(until(&mut idle, "}}").await.starts_with("HTTP/1.1 200"));
    let mut waiting = server.connect().await;
    let receive = post("/api/v1/agents/chat/inbox/receive", r#"{"wait":"60s"}"#, "");
    waiting.write_all(receive.as_bytes()).await.unwrap();
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    until(&mut stream, "retry: 1000").await;
    while server.world.server.engine.waiting() != (1, 1) {
        tokio::task::yield_now().await;
    }
    server.stop.cancel();
    let ready = loop {
        let ready = server.world.get("/ready").await;
        if ready.status == 503 {
            break ready.json();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((&ready["status"], &ready["checks"]["draining"]["status"]), (&json!("unavailable"), &json!("failed")));
    let body = json!({"from": "code", "to": "human", "subject": "still served"});
    assert_eq!(server.world.post("/api/v1/messages", body).await.status, 201);
    let answer = rest(&mut waiting).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("{\"deliveries\":[]}"), "{answer}");
    assert!(rest(&mut stream).await.ends_with("0\r\n\r\n"), "the stream ends in order");
    assert_eq!(rest(&mut idle).await, "");
    let address = server.address;
    server.end().await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn connections_that_do_not_end_are_cut_off() {
    let mut test_config = TestConfig::default();
    test_config.server.shutdown_grace = Span::ZERO;
    let server = Listening::start(test_config).await;
    let mut stuck = server.connect().await;
    stuck
        .write_all(b"POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        .await
        .unwrap();
    server.end().await;
}
