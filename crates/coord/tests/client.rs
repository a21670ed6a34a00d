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
        &["ack"][..],
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

fn tool(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coord"));
    for name in
        ["COORDINATION_URL", "COORDINATION_KEY", "http_proxy", "HTTP_PROXY", "ALL_PROXY", "no_proxy", "NO_PROXY"]
    {
        command.env_remove(name);
    }
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_reach_standard_output_as_they_were_stored() {
    const BYTES: &[u8] = b"a\0b\x1b[31mc\x7fd\xff\xfe\r\n";
    let sha256 = "ab".repeat(32);
    let served = serve(Router::new().route(&format!("/api/v1/attachments/{sha256}"), get(async || BYTES))).await;
    let output = coord(&served.url, &["attach", "get", &sha256], "");
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), BYTES));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_keeps_every_character_of_a_text() {
    const RAW: &str =
        "{\"id\":\"01982f3c-7b1a-7c00-8000-5f0d8a3c1e42\",\"deliveries\":[],\"odd\":\"a\u{7f}b\u{9b}31m\"}";
    let answer = async || ([(header::CONTENT_TYPE, "application/json")], RAW);
    let served = serve(Router::new().route("/api/v1/agents/chat/inbox/receive", post(answer))).await;
    let output = coord(&served.url, &["--json", "receive", "chat"], "");
    assert_eq!(text(&output.stdout), format!("{RAW}\n"), "{}", text(&output.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_this_machine_is_asked_past_any_proxy() {
    let served = serve(sending()).await;
    let send = ["send", "-f", "code", "-t", "chat", "-s", "-5 %", "-b", "- item", "--json", "--verbose"];
    let output = tool(&send, &[("COORDINATION_URL", &served.url), ("http_proxy", "http://127.0.0.1:1")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(&format!("asking {} directly", served.url)), "{}", text(&output.stderr));
    let message: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&message["subject"], &message["body"]), (&json!("-5 %"), &json!("- item")));
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let environment = [("http_proxy", "http://me:secret@127.0.0.1:1"), ("COORDINATION_URL", "http://example.invalid")];
    let output = tool(&["agents", "--verbose"], &environment);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    assert!(told.contains("asking http://example.invalid through the proxy http://127.0.0.1:1"), "{told}");
    assert!(told.contains("(asked through the proxy http://127.0.0.1:1;"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_word_to_look_for_is_no_option() {
    let output = coord("http://127.0.0.1:1", &["search", "-fix"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("write `-- -fix` for the word"), "{}", text(&output.stderr));
}

#[test]
fn usage_speaks_of_what_was_typed_only() {
    let output = coord("http://127.0.0.1:1", &["send", "--from", "code"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(!text(&output.stderr).contains("--url"), "{}", text(&output.stderr));
    let output = coord("http://127.0.0.1:1", &[], "");
    assert!(text(&output.stderr).contains("First steps:"), "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("bench-baseline"), "{}", text(&output.stderr));
    let output = coord("http://127.0.0.1:1", &["completions", "bash"], "");
    assert!(!text(&output.stdout).contains("baseline_"), "a command that nobody is to see");
    let output = coord("http://127.0.0.1:1", &["bench-base"], "");
    assert!(!text(&output.stderr).contains("bench-baseline"), "{}", text(&output.stderr));
}

#[test]
fn a_further_key_without_a_role_is_not_made() {
    let environment = [("COORDINATION_URL", "http://127.0.0.1:1"), ("COORDINATION_KEY", "coord_1_a_b")];
    let output = tool(&["keys", "create"], &environment);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("next: add --role with one of: admin"), "{}", text(&output.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_at_a_port_without_it_is_told() {
    let served = serve(sending()).await;
    let output = coord(&served.url.replace("http://", "https://"), &["agents"], "");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("speaks no TLS: write its address with http://"), "{}", text(&output.stderr));
}

#[test]
fn a_folder_in_use_is_told_with_the_option_that_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(folder.path().join("coord.lock")).unwrap();
    lock.lock().unwrap();
    let output = coord("http://127.0.0.1:1", &["verify", &format!("--offline={}", folder.path().display())], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("--offline=DIR"), "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("--data"), "{}", text(&output.stderr));
}

async fn ahead() -> impl IntoResponse {
    let problem = json!({"code": "position-ahead", "status": 409, "title": "t", "detail": "The log ends at event 7."});
    (StatusCode::CONFLICT, [(header::CONTENT_TYPE, "application/problem+json")], problem.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_ahead_of_the_log_ends_what_follows_it() {
    let app =
        Router::new().route("/api/v1/events/stream", get(ahead)).route("/api/v1/agents/chat/inbox/stream", get(ahead));
    let served = serve(app).await;
    for arguments in [&["log", "--follow", "--after", "999999"][..], &["watch", "chat", "--after", "999999"]] {
        let output = coord(&served.url, arguments, "");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains("The log ends at event 7."), "{}", text(&output.stderr));
    }
}
