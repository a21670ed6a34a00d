use domain::gate::{OnFailure, Threshold};
use engine::Config;
use serde_json::json;

use crate::place::Place;
use crate::world::{World, problem};

async fn with_gates(place: &Place, on_failure: OnFailure) -> World {
    let mut config = Config::default();
    let gates = &mut config.quality_gates;
    gates.enabled = true;
    gates.on_failure = on_failure;
    gates.thresholds.insert("coverage".to_owned(), Threshold { min: Some(0.8), max: None });
    place.world_under(config).await
}

pub(crate) async fn work_without_its_evidence_is_refused(place: &Place) {
    let world = with_gates(place, OnFailure::Reject).await;
    let mut body = json!({"from": "code", "to": "chat", "subject": "done", "kind": "complete"});
    let refused = problem(&world.post("/api/v1/messages", body.clone()).await, 422, "gate-failed");
    let missing = json!([{"gate": "coverage", "threshold": {"min": 0.8}, "actual": null, "passed": false}]);
    assert_eq!(refused["gates"], missing);
    body["evidence"] = json!({"coverage": 0.8});
    assert_eq!(world.post("/api/v1/messages", body).await.status, 201);
    assert_eq!(world.get("/api/v1/events?type=gate.failed").await.json()["items"].as_array().unwrap().len(), 1);
}

pub(crate) async fn work_that_fails_comes_back_or_goes_on_where_that_is_configured(place: &Place) {
    let body =
        json!({"from": "code", "to": "chat", "subject": "done", "kind": "complete", "evidence": {"coverage": 0.1}});
    let world = with_gates(place, OnFailure::RequestRevision).await;
    let sent = world.sent(body.clone()).await;
    assert_eq!(sent["outcome"]["action"], "revision_requested", "{sent}");
    assert_eq!(world.get("/api/v1/agents/chat/inbox").await.json()["items"], json!([]));
    assert_eq!(world.get("/api/v1/agents/code/inbox").await.json()["counts"]["pending"], 1);
    let world = with_gates(place, OnFailure::Escalate).await;
    let sent = world.sent(body).await;
    assert_eq!((&sent["outcome"]["action"], &sent["recipients"][0]["agent"]), (&json!("escalated"), &json!("human")));
}

pub(crate) async fn gates_are_shown_and_weighed_without_sending(place: &Place) {
    let world = with_gates(place, OnFailure::Reject).await;
    let shown = world.get("/api/v1/gates").await.json();
    let expected = json!({"enabled": true, "thresholds": {"coverage": {"min": 0.8}}, "applies_to": ["complete"], "on_failure": "reject"});
    assert_eq!(shown, expected);
    let weighed = world.post("/api/v1/gates/evaluate", json!({"evidence": {"coverage": 0.7}})).await.json();
    assert_eq!((&weighed["passed"], &weighed["gates"][0]["actual"]), (&json!(false), &json!(0.7)));
    let other_kind = world.post("/api/v1/gates/evaluate", json!({"kind": "inform"})).await.json();
    assert_eq!((&other_kind["passed"], &other_kind["gates"]), (&json!(true), &json!([])));
    assert_eq!(world.poke("/api/v1/gates/evaluate").await.json()["passed"], false);
}
