use serde_json::json;

use crate::place::Place;
use crate::world::{problem, text};

pub(crate) async fn the_readme_message_is_sent_and_found_at_its_location(place: &Place) {
    let world = place.world().await;
    let body = r#"{"from":"code","to":"chat","subject":"Hello k8s","body":"Running at scale!"}"#;
    let answer = world.raw("POST", "/api/v1/messages", &[("content-type", "application/json")], body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let sent = answer.json();
    assert_eq!(answer.header("location"), format!("/api/v1/messages/{}", text(&sent["id"])));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(sent["thread_id"], sent["id"]);
    assert_eq!((&sent["kind"], &sent["priority"]), (&json!("inform"), &json!("normal")));
    assert_eq!(sent["content_type"], "text/markdown");
    assert_eq!(sent["recipients"], json!([{"agent": "chat", "state": "pending"}]));
    assert!(sent["sent_at"].as_str().is_some_and(|at| at.len() == 24 && at.ends_with('Z')), "{sent}");
    let found = world.get(answer.header("location")).await;
    assert_eq!((found.status, found.json()), (200, sent));
}

pub(crate) async fn every_field_comes_back_as_it_was_sent(place: &Place) {
    let world = place.world().await;
    let stored = world.raw("POST", "/api/v1/attachments", &[("content-type", "text/plain")], "test").await.json();
    let first = world.hello("first").await;
    let sent = world
        .sent(json!({
            "from": "code", "to": ["chat", "domain:testing", "human"], "subject": "Everything", "body": "**all**",
            "content_type": "text/plain", "kind": "REQUEST", "priority": "High", "domain": "testing",
            "in_reply_to": first, "attachments": [{"sha256": stored["sha256"], "name": "t.txt"}],
            "evidence": {"coverage": 0.9}, "metadata": {"z": 1, "a": [1.50]}, "expires_in": "2h", "deliver_in": "10m",
            "ack_within": "30m"
        }))
        .await;
    assert_eq!(sent["to"], json!(["chat", "domain:testing", "human"]));
    assert_eq!(sent["thread_id"], first.as_str());
    assert_eq!((&sent["kind"], &sent["priority"]), (&json!("request"), &json!("high")));
    assert_eq!(sent["attachments"], json!([{"sha256": stored["sha256"], "name": "t.txt"}]));
    assert_eq!(sent["evidence"], json!({"coverage": 0.9}));
    assert_eq!(sent["metadata"].to_string(), r#"{"a":[1.5],"z":1}"#);
    assert_eq!(sent["ack_within"], "30m");
    assert_eq!(sent["recipients"][0]["state"], "deferred");
    assert!(sent["deliver_at"].is_string() && sent["expires_at"].is_string());
    let agents: Vec<String> = sent["recipients"].as_array().unwrap().iter().map(|one| text(&one["agent"])).collect();
    assert_eq!(agents.len(), 3, "{sent}");
}

pub(crate) async fn the_same_key_and_message_give_the_first_answer_again(place: &Place) {
    let world = place.world().await;
    let headers = [("content-type", "application/json"), ("idempotency-key", "once")];
    let body = r#"{"from":"code","to":"chat","subject":"once"}"#;
    let first = world.raw("POST", "/api/v1/messages", &headers, body).await;
    let again =
        world.raw("POST", "/api/v1/messages", &headers, r#"{"to":"chat", "from":"code", "subject":"once"}"#).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json());
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    let other = world.raw("POST", "/api/v1/messages", &headers, r#"{"to":"chat","from":"code","subject":"two"}"#).await;
    problem(&other, 422, "idempotency-mismatch");
    assert_eq!(world.get("/api/v1/agents/chat/inbox").await.json()["counts"]["pending"], 1);
}

pub(crate) async fn a_batch_answers_each_message_by_itself_and_in_order(place: &Place) {
    let world = place.world().await;
    let batch = json!({"messages": [
        {"from": "code", "to": "chat", "subject": "one", "idempotency_key": "k"},
        {"from": "code", "to": "chatt", "subject": "two"},
        {"from": "code", "to": "chat", "subject": "three", "priority": "urgent"},
        {"from": "code", "to": "chat", "subjct": "four"},
        {"from": "code", "to": "chat", "subject": "five"},
    ]});
    let answer = world.post("/api/v1/messages/batch", batch.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let results = answer.json()["results"].clone();
    assert_eq!((&results[0]["subject"], &results[4]["subject"]), (&json!("one"), &json!("five")));
    assert_eq!(results[1]["code"], "unknown-recipient");
    assert_eq!(results[1]["errors"][0]["field"], "messages[1].to[0]");
    assert_eq!(results[2]["errors"][0]["field"], "messages[2].priority");
    assert_eq!((&results[3]["code"], &results[3]["status"]), (&json!("unknown-field"), &json!(422)));
    assert_eq!(results[3]["request_id"], answer.header("x-request-id"));
    let again = world.post("/api/v1/messages/batch", batch).await.json();
    assert_eq!(again["results"][0]["id"], results[0]["id"]);
    assert_ne!(again["results"][4]["id"], results[4]["id"]);
}

pub(crate) async fn a_batch_has_one_message_at_least_and_no_more_than_allowed(place: &Place) {
    let world = place.world().await;
    problem(&world.post("/api/v1/messages/batch", json!({"messages": []})).await, 422, "invalid-field");
    let many = vec![json!({"from": "code", "to": "chat", "subject": "x"}); 1_001];
    problem(&world.post("/api/v1/messages/batch", json!({"messages": many})).await, 422, "too-many-items");
}

pub(crate) async fn messages_are_found_by_every_filter_and_paged(place: &Place) {
    let world = place.world().await;
    for (to, kind, priority, subject) in [
        ("chat", "inform", "normal", "the login test is flaky"),
        ("human", "request", "high", "please look"),
        ("chat", "propose", "info", "a new plan"),
    ] {
        let body = json!({"from": "code", "to": to, "subject": subject, "kind": kind, "priority": priority, "domain": "planning"});
        world.sent(body).await;
    }
    let count = async |query: &str| {
        let answer = world.get(&format!("/api/v1/messages?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.json()["items"].as_array().unwrap().len()
    };
    for (query, expected) in [
        ("", 3),
        ("from=code", 3),
        ("from=chat", 0),
        ("to=chat", 2),
        ("kind=request", 1),
        ("priority=HIGH", 1),
        ("domain=planning", 3),
        ("q=flaky+login", 1),
        ("q=nowhere", 0),
        ("since=2020-01-01T00:00:00Z", 3),
        ("until=2020-01-01T00:00:00Z", 0),
        ("until=9999-12-31T23:59:59Z", 3),
        ("to=chat&kind=propose", 1),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    let first = world.get("/api/v1/messages?limit=2").await.json();
    assert_eq!(first["items"][0]["subject"], "a new plan", "newest first");
    let next = text(&first["next"]);
    let second = world.get(&format!("/api/v1/messages?limit=2&after={next}")).await.json();
    assert_eq!((second["items"].as_array().unwrap().len(), &second["next"]), (1, &json!(null)));
}

pub(crate) async fn a_thread_shows_its_messages_oldest_first(place: &Place) {
    let world = place.world().await;
    let first = world.hello("a question").await;
    let reply = json!({"from": "chat", "to": "code", "subject": "an answer", "in_reply_to": first});
    let reply = world.sent(reply).await;
    assert_eq!(reply["thread_id"], first.as_str());
    let thread = world.get(&format!("/api/v1/threads/{first}")).await.json();
    assert_eq!((&thread["subject"], &thread["thread_id"]), (&json!("a question"), &json!(first)));
    let subjects: Vec<_> = thread["items"].as_array().unwrap().iter().map(|item| text(&item["subject"])).collect();
    assert_eq!(subjects, ["a question", "an answer"]);
    let page = world.get(&format!("/api/v1/threads/{first}?limit=1")).await.json();
    let rest = world.get(&format!("/api/v1/threads/{first}?limit=1&after={}", text(&page["next"]))).await.json();
    assert_eq!((&rest["items"][0]["subject"], &rest["subject"]), (&json!("an answer"), &json!("a question")));
}

pub(crate) async fn receipts_tell_what_became_of_a_message(place: &Place) {
    let world = place.world().await;
    let id = world.hello("read me").await;
    let delivery = world.received("chat").await;
    let ack = json!({"receipt": delivery["receipt"], "note": "done"});
    assert_eq!(world.post(&format!("/api/v1/agents/chat/inbox/{id}/ack"), ack).await.status, 200);
    let receipts = world.get(&format!("/api/v1/messages/{id}/receipts")).await.json();
    let receipt = &receipts["items"][0];
    assert_eq!(
        (&receipt["agent"], &receipt["state"], &receipt["attempts"]),
        (&json!("chat"), &json!("acked"), &json!(1))
    );
    assert_eq!(receipt["note"], "done");
    for time in ["sent_at", "delivered_at", "acked_at", "settled_at"] {
        assert!(receipt[time].is_string(), "{time}: {receipt}");
    }
    assert_eq!((&receipts["message_id"], &receipts["next"]), (&json!(id), &json!(null)));
}

pub(crate) async fn what_is_not_there_is_not_found_however_its_id_looks(place: &Place) {
    let world = place.world().await;
    let unknown = "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42";
    for id in [unknown, "7", "not-an-id", "%F0%9F%A6%80"] {
        for path in [
            format!("/api/v1/messages/{id}"),
            format!("/api/v1/messages/{id}/receipts"),
            format!("/api/v1/threads/{id}"),
        ] {
            problem(&world.get(&path).await, 404, "not-found");
        }
    }
}
