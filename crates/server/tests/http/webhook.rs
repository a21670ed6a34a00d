use http::Method;
use serde_json::json;

use crate::place::Place;
use crate::world::{problem, text};

const SECRET: &str = "/api/v1/agents/chat/webhook/secret";

pub(crate) async fn a_secret_is_made_once_and_rotated_with_a_time_in_which_both_hold(place: &Place) {
    let world = place.world().await;
    let first = world.get(SECRET).await.json();
    assert!(text(&first["secret"]).starts_with("whsec_"), "{first}");
    assert_eq!(first["previous_until"], json!(null));
    assert_eq!(world.get(SECRET).await.json(), first, "it stays");
    let second = world.poke(&format!("{SECRET}/rotate")).await.json();
    assert_ne!(second["secret"], first["secret"]);
    assert!(second["previous_until"].is_string(), "{second}");
    assert_eq!(world.get(SECRET).await.json(), second);
    let log = world.get("/api/v1/events?type=coordination.webhook.secret_rotated").await;
    assert_eq!(log.json()["items"].as_array().map(Vec::len), Some(2));
    assert!(!log.text().contains("whsec_"), "the log holds no secret");
    problem(&world.get("/api/v1/agents/nobody/webhook/secret").await, 404, "not-found");
}

pub(crate) async fn only_admins_and_the_agent_itself_see_its_secret(place: &Place) {
    let world = place.world_of_keys().await;
    let own = world.made_key(json!({"role": "agent", "agents": ["chat"]})).await;
    let other = world.made_key(json!({"role": "agent", "agents": ["code"]})).await;
    let observer = world.made_key(json!({"role": "observer"})).await;
    assert_eq!(world.with_key(&own, Method::GET, SECRET, None).await.status, 200);
    problem(&world.with_key(&other, Method::GET, SECRET, None).await, 403, "sender-mismatch");
    problem(&world.with_key(&observer, Method::GET, SECRET, None).await, 403, "forbidden");
    let rotate = format!("{SECRET}/rotate");
    problem(&world.with_key(&observer, Method::POST, &rotate, None).await, 403, "forbidden");
}
