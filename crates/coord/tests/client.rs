//! The client commands as a user meets them: what they print, where, and with which exit code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use axum::{
    Json, Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

const ID: &str = "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42";

/// Answers that a server would give, from another process's point of view.
struct Served {
    url: String,
    _tasks: JoinSet<()>,
}

async fn serve(app: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    Served { url, _tasks: tasks }
}

fn coord(url: &str, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_coord"))
        .args(arguments)
        .env("COORDINATION_URL", url)
        .env_remove("COORDINATION_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn message(sent: &Value) -> Value {
    json!({
        "id": ID, "seq": 7, "thread_id": ID, "sent_at": "2026-03-14T09:26:53.589Z", "from": sent["from"],
        "to": sent["to"], "subject": sent["subject"], "body": sent["body"], "content_type": "text/markdown",
        "kind": "inform", "priority": "normal", "recipients": [{"agent": "chat", "state": "pending"}]
    })
}

fn sending() -> Router {
    let send = async |Json(sent): Json<Value>| (StatusCode::CREATED, Json(message(&sent)));
    Router::new().route("/api/v1/messages", post(send))
}

fn refusing() -> Router {
    let refuse = async || {
        let problem = json!({"code": "gate-failed", "status": 422, "title": "t", "detail": "1 gate failed.", "gates": [
            {"gate": "test_coverage", "threshold": {"min": 0.8}, "actual": 0.7, "passed": false}
        ]});
        (StatusCode::UNPROCESSABLE_ENTITY, [(header::CONTENT_TYPE, "application/problem+json")], problem.to_string())
    };
    Router::new().route("/api/v1/messages", post(refuse))
}

#[test]
fn a_server_that_is_not_there_is_exit_code_3_with_the_next_step() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = coord(&format!("http://{port}"), &["inbox", "chat"], "");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("was not reached"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("next: start a server with `coord serve`"), "{}", text(&output.stderr));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &["inbox"][..],
        &["--url", "localhost", "inbox", "chat"],
        &["bench", "--rate", "0"],
        &["bench", "--duration", "2d"],
        &["--url", "https://127.0.0.1:1", "bench"],
        &["attach", "put", "/no/such/file"],
    ] {
        let output = coord("http://127.0.0.1:1", arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_exit_code_1_and_says_what_to_change() {
    let served = serve(refusing()).await;
    let output = coord(&served.url, &["send", "-f", "code", "-t", "chat", "-s", "Done"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    insta::assert_snapshot!(text(&output.stderr), @r"
    error: 1 gate failed.
     gate: test_coverage is 0.7; it passes when at least 0.8
    ");
    let output = coord(&served.url, &["--json", "send", "-f", "code", "-t", "chat", "-s", "Done"], "");
    let problem: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((output.status.code(), problem["code"].as_str()), (Some(1), Some("gate-failed")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_from_standard_input_is_sent_as_it_is() {
    let served = serve(sending()).await;
    let arguments = ["send", "-f", "code", "-t", "chat", "-s", "Hello", "--body", "-"];
    let output = coord(&served.url, &[&arguments[..], &["--json"]].concat(), "one\n\ttwo ü\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let sent: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(sent["body"], "one\n\ttwo ü\n");
    let output = coord(&served.url, &arguments, "");
    insta::assert_snapshot!(text(&output.stdout), @r"
    Sent 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 to chat
    What became of it: coord show 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42
    ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_inbox_tells_a_newcomer_how_to_send() {
    let empty = async || Json(json!({"items": [], "counts": {}, "next": null}));
    let served = serve(Router::new().route("/api/v1/agents/chat/inbox", get(empty))).await;
    let output = coord(&served.url, &["inbox", "chat"], "");
    insta::assert_snapshot!(text(&output.stdout), @r"
    chat has no messages.
    Send one: coord send --from code --to chat --subject 'Hello' --body 'Hi'
    ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_gets_plain_aligned_text_whatever_a_message_holds() {
    let inbox = async || {
        let hostile = message(&json!({"from": "code", "to": "chat", "subject": "\u{1b}[2Jgone\nnext", "body": ""}));
        let delivery = json!({"agent": "chat", "message_id": ID, "state": "pending", "attempt": 0});
        Json(json!({"items": [{"delivery": delivery, "message": hostile}], "counts": {"pending": 1}, "next": null}))
    };
    let served = serve(Router::new().route("/api/v1/agents/chat/inbox", get(inbox))).await;
    let output = coord(&served.url, &["inbox", "chat"], "");
    insta::assert_snapshot!(text(&output.stdout), @r"
    PRIORITY  ID                                    FROM  KIND    STATE    SENT (UTC)           SUBJECT
    normal    01982f3c-7b1a-7c00-8000-5f0d8a3c1e42  code  inform  pending  2026-03-14 09:26:53  �[2Jgone�next

    1 pending
    Take the first: coord receive chat
    ");
    let output = coord(&served.url, &["inbox", "chat", "--color", "always"], "");
    assert!(text(&output.stdout).contains('\u{1b}'), "colour was asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bench_counts_every_message_in_both_loops() {
    let served = serve(sending()).await;
    for arguments in [&["--messages", "200"][..], &["--rate", "400", "--duration", "500ms"]] {
        let common = ["bench", "--json", "--connections", "4"];
        let output = coord(&served.url, &[&common[..], arguments].concat(), "");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = &report["server"];
        assert_eq!((&found["messages"], &found["latency_us"][0]["count"]), (&json!(200), &json!(200)), "{report}");
        assert_eq!((&found["unsent"], &found["errors"]), (&json!(0), &json!({})), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bench_that_is_refused_says_why_and_ends() {
    let served = serve(refusing()).await;
    let output = coord(&served.url, &["bench", "--duration", "60s", "--connections", "2"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("error: 1 gate failed."), "{}", text(&output.stderr));
}

#[test]
fn completions_are_a_script() {
    let output = coord("http://127.0.0.1:1", &["completions", "bash"], "");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("_coord"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn something_that_is_no_coordination_server_is_exit_code_3() {
    let app = Router::new().fallback(async || (StatusCode::OK, "<html>").into_response());
    let output = coord(&serve(app).await.url, &["inbox", "chat"], "");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("does not answer as a coordination server"), "{}", text(&output.stderr));
}
