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

pub(crate) async fn every_described_operation_is_answered(place: &Place) {
    let world = place.world().await;
    let document = document(&world).await;
    for (method, path, _) in operations(&document) {
        let real =
            path.replace("{agent}", "chat").replace("{name}", "chat").replace("{id}", "x").replace("{message_id}", "x");
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
            if media_type.ends_with("json") && path != "/openapi.json" {
                let example = &content["example"];
                assert!(example.is_object(), "{method} {path} {media_type}: {content}");
            }
        }
        assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{method} {path}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    for reference in found {
        let name = reference.rsplit('/').next().unwrap();
        assert!(schemas.contains_key(name), "{reference} leads nowhere");
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
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        if example.is_null() {
            continue;
        }
        let real = path.replace("{agent}", "chat").replace("{name}", "code");
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
