//! What one key or one tenant may hold, so that others go on.

use http::Method;
use serde_json::json;
use testkit::embedded::TestConfig;
use tokio::io::AsyncWriteExt;

use crate::listening::{Listening, post, rest, until};
use crate::place::Place;
use crate::stream::Reader;
use crate::world::{World, problem};

/// A world of keys, with two observers' keys.
async fn world_of(limits: impl FnOnce(&mut engine::config::Limits)) -> (World, String, String) {
    let mut config = engine::Config::default();
    limits(&mut config.limits);
    let world = Place.whole(config, engine::AnonymousAccess::Never).await;
    let [one, two] =
        [world.made_key(json!({"role": "observer"})).await, world.made_key(json!({"role": "observer"})).await];
    (world, one, two)
}

async fn streams(world: &World, key: &str) -> u16 {
    world.with_key(key, Method::GET, "/api/v1/events/stream", None).await.status
}

#[tokio::test]
async fn one_key_does_not_get_all_streams() {
    let (mut world, one, two) = world_of(|limits| limits.streams_per_key = 1).await;
    world.key = Some(one.clone());
    let open = Reader::open(&world, "/api/v1/events/stream", None).await;
    let refused = world.get("/api/v1/events/stream").await;
    let told = problem(&refused, 429, "too-many-streams");
    assert_eq!(told["detail"], "1 streams are open with this key; no more are held.");
    assert_eq!(streams(&world, &two).await, 200, "another key has its own");
    drop(open);
    assert_eq!(streams(&world, &one).await, 200);
}

#[tokio::test]
async fn one_tenant_does_not_get_all_streams() {
    let (mut world, one, two) = world_of(|limits| limits.streams_per_tenant = 1).await;
    assert_eq!(world.post("/api/v1/tenants", json!({"name": "acme"})).await.status, 201);
    let foreign = world.made_key(json!({"role": "admin", "tenant": "acme"})).await;
    world.key = Some(one);
    let _open = Reader::open(&world, "/api/v1/events/stream", None).await;
    let refused = world.with_key(&two, Method::GET, "/api/v1/events/stream", None).await;
    let told = problem(&refused, 429, "too-many-streams");
    assert_eq!(told["detail"], "1 streams are open by this tenant; no more are held.");
    assert_eq!(streams(&world, &foreign).await, 200, "another tenant has its own");
}

#[tokio::test]
async fn one_key_does_not_get_all_long_polls() {
    let (world, _, _) = world_of(|limits| limits.waiters_per_key = 1).await;
    let (first, other) = ("/api/v1/agents/chat/inbox/receive", "/api/v1/agents/code/inbox/receive");
    let second = async {
        while world.server.engine.waiting().0 == 0 {
            tokio::task::yield_now().await;
        }
        let refused = world.post(other, json!({"wait": "30s"})).await;
        let told = problem(&refused, 429, "too-many-waiters");
        assert_eq!(told["detail"], "1 long polls wait with this key; no more are held.");
        let own = world.made_key(json!({"role": "agent", "agents": ["code"]})).await;
        let waited = world.with_key(&own, Method::POST, other, Some(json!({"wait": "0s"}))).await;
        assert_eq!(waited.status, 200);
        world.hello("enough").await
    };
    let (received, id) = futures_util::future::join(world.post(first, json!({"wait": "30s"})), second).await;
    assert_eq!(received.json()["deliveries"][0]["message"]["id"], id.as_str());
}

#[tokio::test]
async fn bodies_in_memory_are_bounded_and_one_alone_may_be_larger() {
    let mut test_config = TestConfig::default();
    test_config.config.limits.bodies_in_flight_bytes = engine::config::Size::kib(1);
    let server = Listening::start(test_config).await;
    let body = json!({"from": "code", "to": "chat", "subject": "large", "body": "x".repeat(2_000)}).to_string();
    let large = post("/api/v1/messages", &body, "Connection: close\r\n");
    assert!(server.exchange(&large).await.starts_with("HTTP/1.1 201"), "alone it may be larger");

    let mut half = server.connect().await;
    let (head, rest_of_it) = large.split_at(large.len() - 1_000);
    half.write_all(head.replace("Connection", "Expect: 100-continue\r\nConnection").as_bytes()).await.unwrap();
    until(&mut half, "100 Continue\r\n\r\n").await;
    let refused = async {
        loop {
            let answer = server.exchange(&large).await;
            if answer.starts_with("HTTP/1.1 503") {
                break answer;
            }
        }
    };
    let refused = tokio::time::timeout(std::time::Duration::from_secs(30), refused).await.expect("there is no room");
    assert!(refused.contains("\"overloaded\"") && refused.to_ascii_lowercase().contains("retry-after: 1"), "{refused}");
    half.write_all(rest_of_it.as_bytes()).await.unwrap();
    assert!(rest(&mut half).await.starts_with("HTTP/1.1 201"), "what has room is done");
    assert!(server.exchange(&large).await.starts_with("HTTP/1.1 201"), "the room is free again");
    server.end().await;
}
