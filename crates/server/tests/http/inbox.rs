use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::place::Place;
use crate::world::{problem, text};

const INBOX: &str = "/api/v1/agents/chat/inbox";

fn subjects(items: &Value) -> Vec<String> {
    items.as_array().expect("a list").iter().map(|item| text(&item["message"]["subject"])).collect()
}

pub(crate) async fn an_inbox_is_ordered_by_lane_and_then_first_in_first_out(place: &Place) {
    let world = place.world().await;
    for (subject, priority) in [("a", "info"), ("b", "normal"), ("c", "critical"), ("d", "normal"), ("e", "high")] {
        world.sent(json!({"from": "code", "to": "chat", "subject": subject, "priority": priority})).await;
    }
    let seen = world.get(INBOX).await.json();
    assert_eq!(subjects(&seen["items"]), ["c", "e", "b", "d", "a"]);
    assert_eq!(seen["counts"]["pending"], 5);
    let page = world.get(&format!("{INBOX}?limit=3")).await.json();
    let rest = world.get(&format!("{INBOX}?limit=3&after={}", text(&page["next"]))).await.json();
    assert_eq!(subjects(&rest["items"]), ["d", "a"]);
    let received = world.post(&format!("{INBOX}/receive"), json!({"max": 2})).await.json();
    assert_eq!(subjects(&received["deliveries"]), ["c", "e"]);
    let leased = world.get(&format!("{INBOX}?state=leased")).await.json();
    assert_eq!(subjects(&leased["items"]), ["c", "e"]);
    let either = world.get(&format!("{INBOX}?state=pending,LEASED")).await.json();
    assert_eq!(either["items"].as_array().unwrap().len(), 5);
    problem(&world.get(&format!("{INBOX}?state=lost")).await, 422, "invalid-field");
}

pub(crate) async fn a_receive_needs_no_body_and_leases_one(place: &Place) {
    let world = place.world().await;
    world.hello("one").await;
    world.hello("two").await;
    let received = world.poke(&format!("{INBOX}/receive")).await.json();
    let deliveries = received["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0]["attempt"], 1);
    assert!(deliveries[0]["lease_expires_at"].is_string() && deliveries[0]["receipt"].is_string());
    assert_eq!(deliveries[0]["message"]["recipients"], json!([{"agent": "chat", "state": "leased"}]));
}

pub(crate) async fn an_ack_is_the_same_twice_and_a_receipt_is_for_its_own_lease(place: &Place) {
    let world = place.world().await;
    let id = world.hello("work").await;
    let other = world.hello("other").await;
    let delivery = world.received("chat").await;
    let receipt = json!({"receipt": delivery["receipt"]});
    problem(&world.post(&format!("{INBOX}/{other}/ack"), receipt.clone()).await, 409, "foreign-receipt");
    problem(&world.post(&format!("{INBOX}/{id}/ack"), json!({"receipt": "no receipt"})).await, 409, "foreign-receipt");
    for _ in 0..2 {
        let acked = world.post(&format!("{INBOX}/{id}/ack"), receipt.clone()).await;
        assert_eq!((acked.status, &acked.json()["state"]), (200, &json!("acked")), "{}", acked.text());
    }
    problem(&world.post(&format!("{INBOX}/{id}/nack"), receipt.clone()).await, 409, "stale-receipt");
    problem(&world.post(&format!("{INBOX}/{id}/terminate"), json!({"reason": "no"})).await, 409, "wrong-state");
    assert_eq!(world.poke(&format!("{INBOX}/{other}/ack")).await.status, 200, "without a receipt the agent says so");
}

pub(crate) async fn a_deferral_says_exactly_one_end_and_a_trigger_ends_it(place: &Place) {
    let world = place.world().await;
    let id = world.hello("later").await;
    let path = format!("{INBOX}/{id}/defer");
    problem(&world.post(&path, json!({})).await, 422, "missing-field");
    problem(&world.post(&path, json!({"for": "1h", "trigger": "green"})).await, 422, "invalid-field");
    problem(&world.post(&path, json!({"for": "soon"})).await, 422, "invalid-duration");
    problem(&world.post(&path, json!({"until": "tomorrow"})).await, 422, "invalid-duration");
    problem(&world.post(&path, json!({"for": "9999d"})).await, 422, "invalid-duration");
    let deferred = world.post(&path, json!({"trigger": "tests-green", "reason": "waits"})).await.json();
    assert_eq!((&deferred["state"], &deferred["trigger"]), (&json!("deferred"), &json!("tests-green")));
    let fired = world.poke("/api/v1/triggers/tests-green").await.json();
    assert_eq!(fired, json!({"trigger": "tests-green", "returned": 1}));
    assert_eq!(world.poke("/api/v1/triggers/tests-green").await.json()["returned"], 0);
    assert_eq!(world.received("chat").await["message"]["id"], id.as_str());
}

pub(crate) async fn a_terminated_delivery_is_a_dead_letter_and_can_be_brought_back(place: &Place) {
    let world = place.world().await;
    let id = world.hello("hopeless").await;
    problem(&world.post(&format!("{INBOX}/{id}/terminate"), json!({})).await, 422, "missing-field");
    let dead = world.post(&format!("{INBOX}/{id}/terminate"), json!({"reason": "gone"})).await.json();
    assert_eq!(dead["state"], "dead");
    let letters = world.get("/api/v1/dead-letters").await.json();
    assert_eq!(letters["items"][0]["delivery"]["message_id"], id.as_str());
    assert_eq!(world.get("/api/v1/dead-letters?agent=code").await.json()["items"], json!([]));
    let bounce = world.received("code").await;
    assert_eq!(bounce["message"]["from"], "system");
    let redrive = format!("/api/v1/dead-letters/{id}/chat/redrive");
    assert_eq!(world.poke(&redrive).await.json()["state"], "pending");
    problem(&world.poke(&redrive).await, 409, "wrong-state");
    problem(&world.poke(&format!("/api/v1/dead-letters/{id}/nobody/redrive")).await, 404, "not-found");
}

pub(crate) async fn a_long_poll_wakes_when_a_message_comes(place: &Place) {
    let world = place.world().await;
    let receive = world.post("/api/v1/agents/chat/inbox/receive", json!({"wait": "30s"}));
    let send = async {
        while world.server.polls().await == 0 {
            tokio::task::yield_now().await;
        }
        world.hello("wake up").await
    };
    let both = futures_util::future::join(receive, send);
    let (received, id) = tokio::time::timeout(Duration::from_secs(5), both).await.expect("wakes at once");
    assert_eq!(received.json()["deliveries"][0]["message"]["id"], id.as_str());
}

pub(crate) async fn absurd_numbers_and_durations_are_refused(place: &Place) {
    let world = place.world().await;
    let receive = format!("{INBOX}/receive");
    for (body, code) in [
        (json!({"max": 0}), "too-many-items"),
        (json!({"max": 101}), "too-many-items"),
        (json!({"max": -1}), "invalid-field"),
        (json!({"max": "two"}), "wrong-type"),
        (json!({"wait": "2h"}), "invalid-duration"),
        (json!({"wait": "1 fortnight"}), "invalid-duration"),
        (json!({"lease": "0s"}), "invalid-duration"),
        (json!({"lease": "99999999999999999999s"}), "invalid-duration"),
        (json!({"leese": "5s"}), "unknown-field"),
    ] {
        problem(&world.post(&receive, body.clone()).await, 422, code);
    }
}

pub(crate) async fn an_agent_that_is_not_there_has_no_inbox(place: &Place) {
    let world = place.world().await;
    for (method, path) in [
        (Method::GET, "/api/v1/agents/nobody/inbox"),
        (Method::POST, "/api/v1/agents/nobody/inbox/receive"),
        (Method::GET, "/api/v1/agents/nobody/inbox/stream"),
    ] {
        problem(&world.ask(method, path, None).await, 404, "not-found");
    }
}
