use axum::body::Body;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::place::Place;
use crate::world::problem;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn with(field: &str, value: Value) -> Value {
    let mut body = json!({"from": "code", "to": "chat", "subject": "x"});
    body[field] = value;
    body
}

pub(crate) async fn a_body_that_cannot_be_read_says_why(place: &Place) {
    let world = place.world().await;
    for (body, status, code) in [
        (&b"{"[..], 400, "malformed-json"),
        (b"", 400, "malformed-json"),
        (b"{} {}", 400, "malformed-json"),
        (b"{\"subject\": \"\xff\"}", 400, "invalid-utf8"),
        (b"[]", 422, "wrong-type"),
        (b"[\"code\", \"chat\", \"x\"]", 422, "wrong-type"),
        (b"{\"subject\": 5}", 422, "wrong-type"),
        (b"{\"subject\": \"x\", \"subject\": \"y\"}", 422, "invalid-field"),
        (b"{\"from\": \"code\", \"to\": \"chat\"}", 422, "missing-field"),
    ] {
        problem(&world.raw("POST", "/api/v1/messages", JSON, body).await, status, code);
    }
    let deep = format!("{{\"subject\": {}", "[".repeat(100_000));
    problem(&world.raw("POST", "/api/v1/messages", JSON, deep).await, 400, "malformed-json");
}

pub(crate) async fn only_json_is_read_as_json(place: &Place) {
    let world = place.world().await;
    let body = r#"{"from":"code","to":"chat","subject":"x"}"#;
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", "caf\u{e9}"] {
        let answer = world.raw("POST", "/api/v1/messages", &[("content-type", media_type)], body).await;
        problem(&answer, 415, "unsupported-media-type");
    }
    for media_type in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"] {
        let answer = world.raw("POST", "/api/v1/messages", &[("content-type", media_type)], body).await;
        assert_eq!(answer.status, 201, "{media_type}");
    }
    assert_eq!(world.raw("POST", "/api/v1/messages", &[], body).await.status, 201, "nothing said is JSON");
}

pub(crate) async fn a_coded_body_is_refused_by_the_name_of_its_coding(place: &Place) {
    let world = place.world().await;
    for path in
        ["/api/v1/messages", "/api/v1/messages/batch", "/api/v1/agents/chat/inbox/receive", "/api/v1/attachments"]
    {
        for coding in ["gzip", "identity, zstd", "BR"] {
            let answer = world.raw("POST", path, &[("content-encoding", coding)], "{}").await;
            let told = problem(&answer, 415, "unsupported-media-type");
            let name = coding.trim_start_matches("identity, ");
            assert!(told["detail"].as_str().unwrap().contains(&format!("`{name}`")), "{told}");
            assert_eq!(answer.header("accept-encoding"), "identity");
        }
    }
    let body = r#"{"from":"code","to":"chat","subject":"x"}"#;
    let answer = world.raw("POST", "/api/v1/messages", &[("content-encoding", "Identity")], body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

pub(crate) async fn each_fault_of_a_message_has_its_code_and_field(place: &Place) {
    let world = place.world().await;
    let many = vec!["chat"; 1_001];
    for (body, status, code, field) in [
        (with("subjct", json!("x")), 422, "unknown-field", "subjct"),
        (with("subject", json!("")), 422, "invalid-field", "subject"),
        (with("subject", json!("x".repeat(201))), 422, "subject-too-long", "subject"),
        (with("body", json!("x".repeat(256 * 1024 + 1))), 413, "body-too-large", "body"),
        (with("metadata", json!({"a": "x".repeat(16 * 1024)})), 422, "metadata-too-large", "metadata"),
        (with("metadata", json!([])), 422, "invalid-field", "metadata"),
        (with("to", json!(many)), 422, "too-many-recipients", "to"),
        (with("to", json!([])), 422, "missing-field", "to"),
        (with("to", json!(7)), 422, "wrong-type", "to"),
        (with("to", json!("chatt")), 422, "unknown-recipient", "to[0]"),
        (with("to", json!("domain:nothing")), 422, "unknown-recipient", "to[0]"),
        (with("from", json!("cod")), 422, "unknown-sender", "from"),
        (with("from", json!("system")), 422, "reserved-name", "from"),
        (with("kind", json!("shout")), 422, "invalid-field", "kind"),
        (with("priority", json!("urgent")), 422, "invalid-field", "priority"),
        (with("expires_in", json!("soon")), 422, "invalid-duration", "expires_in"),
        (with("expires_in", json!("0s")), 422, "invalid-duration", "expires_in"),
        (with("expires_in", json!("99999d")), 422, "invalid-duration", "expires_in"),
        (with("expires_at", json!("2020-01-01T00:00:00Z")), 422, "invalid-duration", "expires_at"),
        (with("deliver_at", json!("tomorrow")), 422, "invalid-duration", "deliver_at"),
        (with("ack_within", json!("0s")), 422, "invalid-duration", "ack_within"),
        (with("evidence", json!({"coverage": "good"})), 422, "wrong-type", "evidence.coverage"),
        (with("in_reply_to", json!("7")), 422, "invalid-field", "in_reply_to"),
        (with("in_reply_to", json!("01982f3c-7b1a-7c00-8000-5f0d8a3c1e42")), 422, "unknown-parent", "in_reply_to"),
        (with("attachments", json!([{"sha": "x"}])), 422, "unknown-field", "attachments[0].sha"),
        (with("idempotency_key", json!("two words")), 422, "invalid-field", "idempotency_key"),
    ] {
        let answer = world.post("/api/v1/messages", body).await;
        let told = problem(&answer, status, code);
        assert_eq!(told["errors"][0]["field"], field, "{told}");
        assert!(told["errors"][0]["why"].as_str().is_some_and(|why| !why.is_empty()), "{told}");
    }
    assert_eq!(world.get("/api/v1/messages").await.json()["items"], json!([]), "nothing was half-done");
}

pub(crate) async fn several_faults_are_told_at_once(place: &Place) {
    let world = place.world().await;
    let body = json!({"from": "code", "to": "chat", "subject": "", "body": "x".repeat(300_000), "ack_within": "0s"});
    let told = world.post("/api/v1/messages", body).await.json();
    let fields: Vec<_> =
        told["errors"].as_array().unwrap().iter().filter_map(|error| error["field"].as_str()).collect();
    assert_eq!(fields, ["subject", "body", "ack_within"]);
    let body = json!({"from": "code", "to": "chat", "subject": "x", "expires_in": "soon", "deliver_in": "later"});
    let told = world.post("/api/v1/messages", body).await.json();
    assert_eq!(told["errors"].as_array().unwrap().len(), 2, "{told}");
}

pub(crate) async fn nobody_is_no_recipient(place: &Place) {
    let world = place.world().await;
    for agent in ["chat", "human"] {
        world.delete(&format!("/api/v1/agents/{agent}")).await;
    }
    problem(&world.post("/api/v1/messages", with("to", json!("*"))).await, 422, "no-recipients");
}

pub(crate) async fn a_request_larger_than_is_read_is_refused_before_or_while_it_comes(place: &Place) {
    let world = place.world().await;
    let huge = "x".repeat(3 << 20);
    problem(&world.raw("POST", "/api/v1/messages", JSON, huge).await, 413, "request-too-large");
    let pieces = (0..48).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 64 * 1024])));
    let streamed = Body::from_stream(futures_util::stream::iter(pieces));
    problem(&world.raw("POST", "/api/v1/messages", JSON, streamed).await, 413, "request-too-large");
    let big = "x".repeat(65 << 20);
    problem(&world.raw("POST", "/api/v1/messages/batch", JSON, big).await, 413, "request-too-large");
}

pub(crate) async fn unknown_parameters_and_silly_pages_are_refused(place: &Place) {
    let world = place.world().await;
    for (path, code, field) in [
        ("/api/v1/messages?lmit=5", "unknown-field", "lmit"),
        ("/api/v1/agents?limit=many", "wrong-type", "limit"),
        ("/api/v1/agents?limit=0", "too-many-items", "limit"),
        ("/api/v1/agents?limit=100000", "too-many-items", "limit"),
        ("/api/v1/messages?after=here", "invalid-field", "after"),
        ("/api/v1/messages?since=yesterday", "invalid-duration", "since"),
        ("/api/v1/agents/chat/inbox?after=1", "invalid-field", "after"),
        ("/api/v1/dead-letters?agnt=chat", "unknown-field", "agnt"),
    ] {
        let told = problem(&world.get(path).await, 422, code);
        assert_eq!(told["errors"][0]["field"], field, "{told}");
    }
    let told = world.get("/api/v1/messages?lmit=5").await.json();
    assert_eq!(told["errors"][0]["why"], "unknown parameter `lmit`: did you mean `limit`?");
}

pub(crate) async fn an_idempotency_key_is_visible_ascii(place: &Place) {
    let world = place.world().await;
    let long = "x".repeat(256);
    for key in ["two words", "", &long] {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let answer =
            world.raw("POST", "/api/v1/messages", &headers, r#"{"from":"code","to":"chat","subject":"x"}"#).await;
        let told = problem(&answer, 422, "invalid-field");
        assert_eq!(told["errors"][0]["field"], "Idempotency-Key");
    }
}

pub(crate) async fn a_header_that_says_two_things_is_refused(place: &Place) {
    let world = place.world_of_keys().await;
    let body = r#"{"from":"code","to":"chat","subject":"x"}"#;
    let json = ("content-type", "application/json");
    for headers in [
        [json, ("idempotency-key", "one"), ("idempotency-key", "two")],
        [json, ("idempotency-key", "one"), ("idempotency-key", "one")],
        [json, ("authorization", "Bearer other"), ("accept", "*/*")],
        [json, ("content-type", "text/plain"), ("accept", "*/*")],
    ] {
        problem(&world.raw("POST", "/api/v1/messages", &headers, body).await, 400, "repeated-header");
    }
    let twice = [("last-event-id", "1"), ("last-event-id", "2")];
    problem(&world.raw("GET", "/api/v1/events/stream", &twice, Body::empty()).await, 400, "repeated-header");
    let named = [("content-disposition", "attachment; filename=a"), ("content-disposition", "attachment; filename=b")];
    problem(&world.raw("POST", "/api/v1/attachments", &named, "x").await, 400, "repeated-header");
    assert_eq!(world.get("/api/v1/messages").await.json()["items"], json!([]), "nothing was stored");
}

pub(crate) async fn metadata_keeps_its_text_but_for_line_breaks(place: &Place) {
    let world = place.world().await;
    let body = "{\"from\":\"code\",\"to\":\"chat\",\"subject\":\"x\",\"metadata\":{\"b\":1.50,\r\n\"a\":  \"\\n\"}}";
    let answer = world.raw("POST", "/api/v1/messages", JSON, body).await;
    assert!(answer.text().contains("\"metadata\":{\"b\":1.50,  \"a\":  \"\\n\"}"), "{}", answer.text());
}

pub(crate) async fn free_json_is_json_that_every_parser_reads(place: &Place) {
    let world = place.world().await;
    let deep = format!(r#""metadata":{{"d":{}{}}}"#, "[".repeat(1_100), "]".repeat(1_100));
    let table = [
        (r#""metadata":{"s":"\ud83d"}"#, 400, "malformed-json", "metadata.s"),
        (r#""metadata":{"n":1e400}"#, 400, "malformed-json", "metadata.n"),
        (r#""metadata":{"a":{"b":1,"b":2}}"#, 422, "invalid-field", "metadata.a.b"),
        (r#""evidence":{"test_coverage":0.1,"test_coverage":0.9}"#, 422, "invalid-field", "evidence.test_coverage"),
        (deep.as_str(), 422, "invalid-field", "metadata.d"),
    ];
    for (field, status, code, path) in table {
        let message = format!(r#"{{"from":"code","to":"chat","subject":"x",{field}}}"#);
        let told = problem(&world.raw("POST", "/api/v1/messages", JSON, message.clone()).await, status, code);
        assert!(told["errors"][0]["field"].as_str().is_some_and(|field| field.starts_with(path)), "{told}");
        let batch = format!(r#"{{"messages":[{message}]}}"#);
        let batch = world.raw("POST", "/api/v1/messages/batch", JSON, batch).await.json();
        assert_eq!(batch["results"][0]["code"], code, "{batch}");
    }
    let twice = r#"{"evidence":{"a":1,"a":2}}"#;
    problem(&world.raw("POST", "/api/v1/gates/evaluate", JSON, twice).await, 422, "invalid-field");
    let twice = r#"{"from":"code","agent":"chat","kind":"decide","domain":"x"}"#;
    problem(&world.raw("POST", "/api/v1/authority/check", JSON, twice).await, 422, "invalid-field");
    assert_eq!(world.get("/api/v1/messages").await.json()["items"], json!([]), "nothing was stored");
    let marked = "\u{feff}{\"from\":\"code\",\"to\":\"chat\",\"subject\":\"x\"}";
    assert_eq!(world.raw("POST", "/api/v1/messages", JSON, marked).await.status, 201);
}
