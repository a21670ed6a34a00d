use serde_json::json;

use crate::place::Place;
use crate::world::{problem, text};

pub(crate) async fn events_are_cloud_events_in_a_chain_without_a_hole(place: &Place) {
    let world = place.world().await;
    let id = world.hello("one").await;
    world.received("chat").await;
    let events = world.get("/api/v1/events?limit=500").await.json();
    let events = events["items"].as_array().unwrap();
    let mut previous = "0".repeat(64);
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["sequence"], index + 1);
        assert_eq!(event["previoushash"], previous.as_str());
        previous = text(&event["hash"]);
        assert_eq!(
            (&event["specversion"], &event["source"]),
            (&json!("1.0"), &json!(format!("/tenants/{}", world.tenant)))
        );
        assert_eq!(event["id"], format!("{}/{}", world.tenant, index + 1));
        assert!(text(&event["type"]).starts_with("coordination."));
        assert!(event["time"].is_string() && event["data"].is_object());
    }
    let sent = events.iter().find(|event| event["type"] == "coordination.message.sent").unwrap();
    assert_eq!((&sent["subject"], &sent["data"]["subject"]), (&json!(id), &json!("one")));
    let head = world.get("/api/v1/events/head").await.json();
    assert_eq!(head, json!({"seq": events.len(), "hash": previous}));
}

pub(crate) async fn events_are_filtered_and_paged(place: &Place) {
    let world = place.world().await;
    let id = world.hello("one").await;
    world.hello("two").await;
    let count = async |query: &str| {
        let answer = world.get(&format!("/api/v1/events?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["items"].as_array().unwrap().len()
    };
    assert_eq!(count("type=message.sent").await, 2);
    assert_eq!(count("type=coordination.message.sent").await, 2);
    assert_eq!(count(&format!("message={id}")).await, 1);
    assert_eq!(count("agent=nobody").await, 0);
    assert_eq!(count("agent=code&type=message.sent").await, 2);
    problem(&world.get("/api/v1/events?type=message.snet").await, 422, "invalid-field");
    problem(&world.get("/api/v1/events?after=-1").await, 422, "wrong-type");
    problem(&world.get("/api/v1/events?limit=0").await, 422, "too-many-items");
    let first = world.get("/api/v1/events?limit=1").await.json();
    let second = world.get(&format!("/api/v1/events?limit=1&after={}", text(&first["next"]))).await.json();
    assert_eq!(second["items"][0]["sequence"], 2);
}

pub(crate) async fn a_whole_log_verifies(place: &Place) {
    let world = place.world().await;
    world.hello("one").await;
    let report = world.poke("/api/v1/events/verify").await.json();
    assert_eq!((&report["ok"], &report["problems"]), (&json!(true), &json!([])), "{report}");
    assert_eq!((&report["checked"], &report["deliveries_checked"]), (&report["head"]["seq"], &json!(1)));
}
