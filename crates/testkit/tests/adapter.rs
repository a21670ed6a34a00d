//! A second adapter beside REST: what it does leaves the same rows in the event log.

use serde_json::{Value, json};
use testkit::adapter::{ToolError, call};
use testkit::embedded::{Answer, Embedded};

async fn tool(server: &Embedded, request: Value) -> Result<Value, ToolError> {
    let answer = call(&server.engine, None, &request.to_string()).await?;
    Ok(serde_json::from_str(&answer).expect("an answer is JSON"))
}

async fn rest(server: &Embedded, path: &str, body: &Value) -> Value {
    let request = http::Request::post(path).header("content-type", "application/json");
    asked(server, request.body(body.to_string().into()).expect("a request")).await
}

async fn asked(server: &Embedded, request: http::Request<axum::body::Body>) -> Value {
    let answer = server.respond(request).await.expect("an answer");
    Answer::read(answer).await.expect("its body").json()
}

/// The log without what no two messages share: ids, times, hashes and the secrets of leases.
async fn rows(server: &Embedded) -> Vec<Value> {
    let request = http::Request::get("/api/v1/events?limit=100").body(axum::body::Body::empty()).expect("a request");
    let log = asked(server, request).await;
    let events = log["items"].as_array().expect("events").iter();
    events.map(|event| masked(&json!([event["type"], event["sequence"], event["data"]]), "")).collect()
}

fn masked(value: &Value, name: &str) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), masked(value, name))).collect(),
        Value::Array(items) => items.iter().map(|item| masked(item, name)).collect(),
        Value::String(text) if text.len() >= 24 => Value::from("…"),
        Value::Number(_) if ["lease", "at"].iter().any(|end| name.ends_with(end)) => Value::from(0),
        other => other.clone(),
    }
}

#[tokio::test]
async fn what_a_second_adapter_does_is_in_the_log_as_what_rest_does() {
    let message = json!({"from": "code", "to": "chat", "subject": "Hello", "body": "Twice", "priority": "high"});
    let by_rest = Embedded::start().await.expect("a server");
    rest(&by_rest, "/api/v1/messages", &message).await;
    let received = rest(&by_rest, "/api/v1/agents/chat/inbox/receive", &json!({"lease": "30s"})).await;
    let (receipt, id) = (&received["deliveries"][0]["receipt"], &received["deliveries"][0]["message"]["id"]);
    let path = format!("/api/v1/agents/chat/inbox/{}/ack", id.as_str().expect("an id"));
    rest(&by_rest, &path, &json!({"receipt": receipt, "note": "read"})).await;

    let by_tool = Embedded::start().await.expect("a server");
    tool(&by_tool, json!({"tool": "send", "arguments": message})).await.expect("sent");
    let receive = json!({"tool": "receive", "agent": "chat", "arguments": {"lease": "30s"}});
    let received = tool(&by_tool, receive).await.expect("received");
    let (receipt, id) = (&received["deliveries"][0]["receipt"], &received["deliveries"][0]["message"]["id"]);
    let ack =
        json!({"tool": "ack", "agent": "chat", "message_id": id, "arguments": {"receipt": receipt, "note": "read"}});
    tool(&by_tool, ack).await.expect("acked");

    let (one, other) = (rows(&by_rest).await, rows(&by_tool).await);
    assert!(one.len() >= 6, "agents, a message, its lease and its end: {one:?}");
    assert_eq!(one, other);
}

#[tokio::test]
async fn a_second_adapter_words_what_is_refused_for_its_own_users() {
    let server = Embedded::start().await.expect("a server");
    let to_nobody = json!({"tool": "send", "arguments": {"from": "code", "to": "chta", "subject": "s"}});
    let refused = tool(&server, to_nobody).await.expect_err("nobody has this name");
    assert_eq!((refused.code, refused.problem), (-32_022, "unknown-recipient"));
    assert!(refused.text.contains("did you mean `chat`?") && refused.text.contains("find_agents"), "{}", refused.text);
    let mistyped = json!({"tool": "send", "arguments": {"from": "code", "to": "chat", "subjct": "s"}});
    let refused = tool(&server, mistyped).await.expect_err("there is no such field");
    assert_eq!((refused.code, refused.problem), (-32_602, "unknown-field"));
    let decides = json!({"tool": "send", "arguments":
        {"from": "code", "to": "chat", "subject": "s", "kind": "decide", "domain": "strategy"}});
    let refused = tool(&server, decides).await.expect_err("it is another's to decide");
    assert!(refused.text.contains("Call ask with kind `propose`"), "{}", refused.text);
}
