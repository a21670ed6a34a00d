use axum::body::Body;
use serde_json::{Map, Value};

use crate::place::Place;
use crate::world::World;

async fn document(world: &World) -> Value {
    let answer = world.get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

fn operations(document: &Value) -> impl Iterator<Item = (String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").iter();
        methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    })
}

pub(crate) async fn the_operations_are_those_that_reviewers_have_seen(place: &Place) {
    let world = place.world().await;
    let document = document(&world).await;
    assert_eq!(document["openapi"], "3.1.0");
    let lines = operations(&document).map(|(method, path, operation)| {
        let answers: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        let answers = answers.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(" ");
        format!("{method} {path} {} -> {answers}", operation["operationId"].as_str().unwrap())
    });
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    });
}

/// The whole document, in both forms: what changes here changes for every client that was generated from it.
pub(crate) async fn the_whole_document_is_the_one_that_reviewers_have_seen(place: &Place) {
    let world = place.world().await;
    for (name, path) in [("openapi", "/openapi.json"), ("openapi-3.0", "/openapi-3.0.json")] {
        let mut document = world.get(path).await.json();
        document["info"]["version"] = "the crate's".into();
        insta::with_settings!({ prepend_module_to_snapshot => false }, {
            insta::assert_json_snapshot!(name, document);
        });
    }
}

pub(crate) async fn what_is_optional_is_filled_in_for_nobody(place: &Place) {
    let world = place.world().await;
    let document = document(&world).await;
    for (method, path, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let schema = &parameter["schema"];
            let filled = ["example", "examples", "default"]
                .iter()
                .any(|key| parameter.get(key).is_some() || schema.get(key).is_some());
            assert!(!filled, "{method} {path}: {parameter}");
        }
        if operation["requestBody"]["required"] == false {
            let content = &operation["requestBody"]["content"]["application/json"];
            assert_eq!(content["examples"]["nothing"]["value"], serde_json::json!({}), "{method} {path}");
        }
    }
}

pub(crate) async fn events_are_told_apart_by_their_type_and_streams_name_their_items(place: &Place) {
    let world = place.world().await;
    let document = document(&world).await;
    let event = &document["components"]["schemas"]["Event"];
    let mapping = event["discriminator"]["mapping"].as_object().unwrap();
    for kind in domain::EventKind::ALL {
        let member = mapping[kind.as_str()].as_str().unwrap();
        assert!(event["oneOf"].as_array().unwrap().iter().any(|one| one["$ref"] == member), "{kind}");
    }
    for (path, item) in
        [("/api/v1/events/stream", "StreamedEvent"), ("/api/v1/agents/{agent}/inbox/stream", "StreamedInboxItem")]
    {
        let content = &document["paths"][path]["get"]["responses"]["200"]["content"]["text/event-stream"];
        assert_eq!(content["x-itemSchema"]["$ref"], format!("#/components/schemas/{item}"));
    }
}

pub(crate) async fn every_described_operation_is_answered(place: &Place) {
    let world = place.world().await;
    let document = document(&world).await;
    for (method, path, _) in operations(&document) {
        let real = path
            .replace("{agent}", "chat")
            .replace("{trigger}", "chat")
            .replace("{key_id}", "x")
            .replace("{message_id}", "x");
        let real = real.replace("{thread_id}", "x").replace("{sha256}", "x").replace("{code}", "not-found");
        let answer = world.raw(&method, &real, &[("content-type", "text/plain")], Body::from("x")).await;
        assert_ne!(answer.status, 405, "{method} {path}");
        assert!(!answer.text().contains(&format!("nothing at `{path}`")) || real != path, "{method} {path}");
    }
}

pub(crate) async fn every_body_has_an_example_and_every_reference_leads_somewhere(place: &Place) {
    let world = place.world().await;
    let document = document(&world).await;
    for (method, path, operation) in operations(&document) {
        let bodies = operation["responses"].as_object().unwrap().values().chain(operation.get("requestBody"));
        for (media_type, content) in bodies.flat_map(|body| body["content"].as_object().into_iter().flatten()) {
            if media_type.ends_with("json") && !path.starts_with("/openapi") {
                let example = content.get("example").or_else(|| content.get("examples"));
                assert!(example.is_some_and(Value::is_object), "{method} {path} {media_type}: {content}");
            }
        }
        assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{method} {path}");
    }
    for document in [&document, &world.get("/openapi-3.0.json").await.json()] {
        let mut found = Vec::new();
        references(document, &mut found);
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
        }
    }
    assert_eq!(document["components"]["securitySchemes"]["key"]["scheme"], "bearer");
}

pub(crate) async fn what_is_pushed_is_described_with_an_example_that_can_be_read(place: &Place) {
    let world = place.world().await;
    let document = document(&world).await;
    let push = &document["webhooks"]["delivery"]["post"];
    let headers: Vec<_> =
        push["parameters"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(headers, ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Traceparent"]);
    let example = &push["requestBody"]["content"]["application/json"]["example"];
    let read: protocol::Push = serde_json::from_value(example.clone()).expect("a push");
    assert_eq!(read.agent, "chat");
    assert!(push["responses"]["410"]["description"].is_string());
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            Map::values(object).for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

pub(crate) async fn the_examples_of_requests_are_understood(place: &Place) {
    let world = place.world().await;
    // So that nothing waits.
    world.hello("to be received").await;
    let document = document(&world).await;
    for (method, path, operation) in operations(&document) {
        let content = &operation["requestBody"]["content"]["application/json"];
        let example = content.get("example").or_else(|| content.pointer("/examples/everything/value"));
        let Some(example) = example else { continue };
        let real = path.replace("/agents/{agent}/inbox", "/agents/chat/inbox").replace("{agent}", "code");
        let real = real.replace("{message_id}", "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42");
        let headers = [("content-type", "application/json")];
        let answer = world.raw(&method, &real, &headers, example.to_string()).await;
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        let misread = ["malformed-json", "unknown-field", "wrong-type", "missing-field", "invalid-field"];
        assert!(!misread.contains(&code.as_str()), "{method} {path}: {}", answer.text());
    }
}

pub(crate) async fn the_page_comes_from_the_binary_and_asks_nobody_else(place: &Place) {
    let world = place.world().await;
    let page = world.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'self'"));
    let html = page.text();
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    let parts: Vec<&str> = html.split('"').filter(|text| text.starts_with("/docs/")).collect();
    assert!(parts.len() >= 5, "{html}");
    for part in parts {
        let answer = world.get(part).await;
        assert_eq!(answer.status, 200, "{part}");
        assert!(!answer.bytes.is_empty());
    }
    let script = world.get("/docs/swagger-initializer.js").await.text();
    assert!(script.contains("\"/openapi.json\""), "{script}");
    assert_eq!(world.get("/docs/nothing.js").await.status, 404);
}

pub(crate) async fn a_browser_is_led_from_the_root_to_the_page(place: &Place) {
    let world = place.world().await;
    let accept = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")];
    let answer = world.raw("GET", "/", &accept, Body::empty()).await;
    assert_eq!((answer.status, answer.header("location")), (302, "/docs"));
    assert_eq!(world.get("/").await.status, 404, "a program is told that there is nothing");
}

pub(crate) async fn the_words_of_the_document_are_those_of_the_wire(place: &Place) {
    let world = place.world().await;
    let schemas = document(&world).await["components"]["schemas"].clone();
    assert_eq!(schemas["AgentKind"]["enum"], serde_json::json!(["ai", "human", "service"]));
    for (name, schema) in schemas.as_object().unwrap() {
        for word in schema["enum"].as_array().into_iter().flatten() {
            assert_eq!(*word, word.to_string().trim_matches('"').to_lowercase(), "{name}");
        }
    }
}
