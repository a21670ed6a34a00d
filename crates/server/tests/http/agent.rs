use engine::Config;
use serde_json::json;

use crate::place::Place;
use crate::world::{problem, text};

pub(crate) async fn the_agents_of_the_start_are_listed_by_name(place: &Place) {
    let world = place.world().await;
    let listed = world.get("/api/v1/agents").await.json();
    let names: Vec<&str> =
        listed["items"].as_array().unwrap().iter().filter_map(|agent| agent["name"].as_str()).collect();
    assert_eq!(names, ["chat", "code", "human"]);
    assert_eq!(listed["next"], json!(null));
    let human = world.get("/api/v1/agents/human").await.json();
    assert_eq!((&human["kind"], &human["final_authority"]), (&json!("human"), &json!(true)));
    let page = world.get("/api/v1/agents?limit=2").await.json();
    let rest = world.get(&format!("/api/v1/agents?after={}", page["next"].as_str().unwrap())).await.json();
    assert_eq!(rest["items"][0]["name"], "human");
}

pub(crate) async fn an_agent_is_registered_changed_and_retired(place: &Place) {
    let world = place.world().await;
    let put = json!({"kind": "service", "description": "Builds", "authority_domains": ["builds"],
        "webhook": "https://example.org/hook", "max_priority_sent": "high", "escalate_to": "human"});
    let made = world.put("/api/v1/agents/ci", put.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    for (field, value) in put.as_object().unwrap() {
        assert_eq!(&made.json()[field], value, "{field}");
    }
    let changed = world.put("/api/v1/agents/ci", json!({"description": "Builds more"})).await;
    assert_eq!((changed.status, &changed.json()["kind"]), (200, &json!("ai")), "what is left out is the default");
    let retired = world.delete("/api/v1/agents/ci").await;
    assert_eq!((retired.status, &retired.json()["state"]), (200, &json!("retired")));
    let sent = world.post("/api/v1/messages", json!({"from": "code", "to": "ci", "subject": "x"})).await;
    problem(&sent, 422, "retired-recipient");
    let sent = world.post("/api/v1/messages", json!({"from": "ci", "to": "code", "subject": "x"})).await;
    problem(&sent, 422, "unknown-sender");
    assert_eq!(world.get("/api/v1/agents/ci/inbox").await.status, 200, "its history stays");
}

pub(crate) async fn an_agent_is_held_to_its_rules(place: &Place) {
    let world = place.world().await;
    problem(&world.put("/api/v1/agents/system", json!({})).await, 422, "reserved-name");
    problem(&world.put("/api/v1/agents/two%20words", json!({})).await, 422, "invalid-field");
    problem(&world.put("/api/v1/agents/a", json!({"name": "b"})).await, 422, "invalid-field");
    problem(&world.put("/api/v1/agents/a", json!({"webhook": "ftp://x"})).await, 422, "invalid-field");
    problem(&world.put("/api/v1/agents/a", json!({"escalate_to": "nobody"})).await, 422, "invalid-field");
    problem(&world.put("/api/v1/agents/a", json!({"kind": "robot"})).await, 422, "invalid-field");
    let domains = vec!["d"; 65];
    problem(&world.put("/api/v1/agents/a", json!({"authority_domains": domains})).await, 422, "too-many-items");
    problem(&world.get("/api/v1/agents/a").await, 404, "not-found");
    problem(&world.delete("/api/v1/agents/a").await, 404, "not-found");
    problem(&world.poke("/api/v1/agents/a/heartbeat").await, 404, "not-found");
}

pub(crate) async fn a_name_that_is_taken_for_another_one_is_refused_and_the_other_named(place: &Place) {
    let world = place.world().await;
    world.put("/api/v1/agents/worker", json!({})).await;
    world.delete("/api/v1/agents/worker").await;
    for (name, other) in
        [("Code", "code"), ("CODE", "code"), ("c0de", "code"), ("vvorker", "worker"), ("hurnan", "human")]
    {
        let told = problem(&world.put(&format!("/api/v1/agents/{name}"), json!({})).await, 409, "name-taken");
        assert_eq!(told["errors"][0]["field"], "name");
        assert!(text(&told["errors"][0]["why"]).contains(&format!("`{other}`")), "{told}");
    }
    for name in ["System", "SYSTEM", "systern"] {
        problem(&world.put(&format!("/api/v1/agents/{name}"), json!({})).await, 422, "reserved-name");
    }
    for name in ["code", "worker"] {
        assert_eq!(world.put(&format!("/api/v1/agents/{name}"), json!({})).await.status, 200, "{name} is itself");
    }
    assert_eq!(world.put("/api/v1/agents/coder", json!({})).await.status, 201);
}

pub(crate) async fn a_heartbeat_is_remembered(place: &Place) {
    let world = place.world().await;
    assert_eq!(world.get("/api/v1/agents/code").await.json()["last_seen_at"], json!(null));
    let beat = world.poke("/api/v1/agents/code/heartbeat").await;
    assert_eq!(beat.status, 200, "{}", beat.text());
    assert!(world.get("/api/v1/agents/code").await.json()["last_seen_at"].is_string());
}

pub(crate) async fn an_agent_sends_no_higher_than_it_may(place: &Place) {
    let world = place.world().await;
    world.put("/api/v1/agents/quiet", json!({"max_priority_sent": "normal"})).await;
    let body = json!({"from": "quiet", "to": "chat", "subject": "x", "priority": "critical"});
    problem(&world.post("/api/v1/messages", body).await, 403, "priority-not-allowed");
}

pub(crate) async fn there_are_no_more_agents_than_allowed(place: &Place) {
    let mut config = Config::default();
    config.limits.agents = 3;
    let world = place.world_under(config).await;
    problem(&world.put("/api/v1/agents/fourth", json!({})).await, 409, "limit-reached");
}
