//! What is no HTTP, or not as it should be: refused with a problem like everything else.

use serde_json::Value;
use testkit::embedded::TestConfig;

use crate::listening::Listening;

async fn refused(server: &Listening, request: &str, status: u16, code: &str) -> Value {
    let answer = server.exchange(request).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let header = |name: &str| {
        let line =
            head.lines().find(|line| line.to_ascii_lowercase().starts_with(name)).unwrap_or_else(|| panic!("{head}"));
        line.split_once(": ").expect("a header").1.to_owned()
    };
    assert_eq!(header("content-type:"), "application/problem+json");
    assert_eq!(header("content-length:"), body.len().to_string());
    let problem: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((problem["code"].as_str(), problem["status"].as_u64()), (Some(code), Some(status.into())));
    assert_eq!(problem["request_id"], header("x-request-id:"));
    problem
}

#[tokio::test]
async fn what_is_no_http_is_refused_with_a_problem() {
    let server = Listening::start(TestConfig::default()).await;
    for request in [
        "hello\r\n\r\n",
        "GET /\u{1} HTTP/1.1\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno header\r\n\r\n",
    ] {
        refused(&server, request, 400, "malformed-request").await;
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100_000));
    refused(&server, &long, 414, "uri-too-long").await;
    let headers = "X-Filler: x\r\n".repeat(101);
    refused(&server, &format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"), 431, "headers-too-large").await;
    let large = "x".repeat(500_000);
    refused(&server, &format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {large}\r\n\r\n"), 431, "headers-too-large")
        .await;
    server.end().await;
}

#[tokio::test]
async fn what_is_no_http_behind_a_request_does_not_change_its_answer() {
    let server = Listening::start(TestConfig::default()).await;
    let answers = server.exchange("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nhello\r\n\r\n").await;
    assert!(answers.starts_with("HTTP/1.1 200 OK") && answers.contains("\"status\":\"ok\""), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 400").count(), 1, "{answers}");
    server.end().await;
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let server = Listening::start(TestConfig::default()).await;
    for hosts in ["", "Host: localhost\r\nHost: localhost\r\n"] {
        let request = format!("GET /health HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let problem = refused(&server, &request, 400, "malformed-request").await;
        assert!(problem["detail"].as_str().unwrap().contains("`Host`"), "{problem}");
    }
    let old = server.exchange("GET /health HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200"), "HTTP/1.0 knows no Host: {old}");
    server.end().await;
}

#[tokio::test]
async fn an_open_server_answers_no_proxy() {
    let server = Listening::start(TestConfig::default()).await;
    let through =
        "GET /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n";
    let problem = refused(&server, through, 403, "forbidden").await;
    assert!(problem["remedy"].to_string().contains("coord keys create"), "{problem}");
    server.end().await;
}
