use domain::authority::OnViolation;
use engine::Config;
use serde_json::json;

use crate::place::Place;
use crate::world::{in_secs, problem};

const DECISION: (&str, &str) = ("decide", "strategy");

pub(crate) async fn a_decision_outside_ones_authority_is_refused_with_the_way_out(place: &Place) {
    let world = place.world().await;
    let body = json!({"from": "code", "to": "human", "subject": "x", "kind": DECISION.0, "domain": DECISION.1});
    let refused = problem(&world.post("/api/v1/messages", body).await, 403, "outside-authority");
    assert_eq!(refused["holders"], json!(["chat"]));
    assert!(refused["rule"].is_string() && refused["remedy"].is_string(), "{refused}");
    let check = json!({"agent": "code", "kind": DECISION.0, "domain": DECISION.1});
    let checked = world.post("/api/v1/authority/check", check).await.json();
    assert_eq!((&checked["allowed"], &checked["outcome"]), (&json!(false), &json!("refused")));
    for part in ["rule", "holders", "remedy", "detail"] {
        assert_eq!(checked[part], refused[part], "{part}");
    }
    let events = world.get("/api/v1/events?type=authority.refused").await.json();
    assert_eq!(events["items"].as_array().unwrap().len(), 1, "a refusal is an event, a check is none");
}

pub(crate) async fn a_decision_goes_to_its_holders_where_that_is_configured(place: &Place) {
    let mut config = Config::default();
    config.authority.on_violation = OnViolation::Escalate;
    let world = place.world_under(config).await;
    let sent = world
        .sent(json!({"from": "code", "to": "human", "subject": "x", "kind": DECISION.0, "domain": DECISION.1}))
        .await;
    assert_eq!((&sent["kind"], &sent["outcome"]["action"]), (&json!("propose"), &json!("escalated")));
    assert_eq!((&sent["outcome"]["to"], &sent["recipients"][0]["agent"]), (&json!(["chat"]), &json!("chat")));
    let check = json!({"from": "code", "kind": DECISION.0, "domain": DECISION.1});
    let checked = world.post("/api/v1/authority/check", check).await.json();
    assert_eq!((&checked["allowed"], &checked["outcome"]), (&json!(false), &json!("escalated")));
}

pub(crate) async fn a_grant_lends_a_domain(place: &Place) {
    let world = place.world().await;
    let grant = json!({"domain": "strategy", "agent": "code", "until": "2200-01-01T00:00:00Z", "reason": "away"});
    problem(&world.post("/api/v1/authority/grants", grant).await, 422, "invalid-duration");
    let until = in_secs(3_600);
    let grant = json!({"domain": "strategy", "agent": "code", "until": until, "reason": "away"});
    let made = world.post("/api/v1/authority/grants", grant).await;
    assert_eq!((made.status, &made.json()["until"]), (201, &json!(until)), "{}", made.text());
    let check = json!({"from": "code", "kind": "decide", "domain": "strategy"});
    assert_eq!(world.post("/api/v1/authority/check", check).await.json()["outcome"], "allowed");
    let shown = world.get("/api/v1/authority").await.json();
    assert_eq!((&shown["final"], &shown["on_violation"]), (&json!(["human"]), &json!("reject")));
    let strategy = shown["domains"].as_array().unwrap().iter().find(|domain| domain["domain"] == "strategy").unwrap();
    assert_eq!(
        strategy["holders"],
        json!([{"agent": "chat", "via": "assigned"}, {"agent": "code", "via": "grant", "until": until}])
    );
    assert_eq!(shown["grants"].as_array().unwrap().len(), 1);
    let to_nobody = json!({"domain": "strategy", "agent": "nobody", "until": until, "reason": "x"});
    problem(&world.post("/api/v1/authority/grants", to_nobody).await, 422, "unknown-recipient");
    let without_reason = json!({"domain": "strategy", "agent": "code", "until": until, "reason": " "});
    problem(&world.post("/api/v1/authority/grants", without_reason).await, 422, "missing-field");
}

pub(crate) async fn a_check_refuses_what_sending_refuses(place: &Place) {
    let world = place.world().await;
    let unknown = json!({"from": "nobody", "kind": "decide", "domain": "strategy"});
    problem(&world.post("/api/v1/authority/check", unknown).await, 422, "unknown-sender");
    let nobody = json!({"kind": "decide", "domain": "strategy"});
    problem(&world.post("/api/v1/authority/check", nobody).await, 422, "missing-field");
    let harmless = json!({"from": "code", "kind": "inform", "domain": "strategy"});
    assert_eq!(world.post("/api/v1/authority/check", harmless).await.json()["allowed"], true);
}
