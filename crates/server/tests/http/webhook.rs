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

pub(crate) async fn what_may_be_secret_of_an_address_is_seen_by_admins_and_the_agent_itself_alone(place: &Place) {
    const WHOLE: &str = "https://example.org:1/hook?token=s3cret#s3cret";
    const SHOWN: &str = "https://example.org:1/hook";
    let world = place.world_of_keys().await;
    let put = world.put("/api/v1/agents/billing", json!({"webhook": WHOLE})).await;
    assert_eq!((put.status, &put.json()["webhook"]), (201, &json!(WHOLE)), "{}", put.text());
    let own = world.made_key(json!({"role": "agent", "agents": ["billing", "code"]})).await;
    let other = world.made_key(json!({"role": "agent", "agents": ["chat"]})).await;
    let observer = world.made_key(json!({"role": "observer"})).await;
    let admin = world.made_key(json!({"role": "admin"})).await;
    for (key, expected) in [(&admin, WHOLE), (&own, WHOLE), (&other, SHOWN), (&observer, SHOWN)] {
        let shown = world.with_key(key, Method::GET, "/api/v1/agents/billing", None).await.json();
        assert_eq!(shown["webhook"], expected);
        let listed = world.with_key(key, Method::GET, "/api/v1/agents", None).await;
        assert_eq!(listed.text().contains("s3cret"), expected == WHOLE, "{}", listed.text());
        let beat = world.with_key(key, Method::POST, "/api/v1/agents/billing/heartbeat", None).await;
        assert_eq!(beat.text().contains("s3cret"), expected == WHOLE, "{}", beat.text());
    }
    // Only the token changes.
    let again = json!({"webhook": WHOLE.replace("s3cret", "s3cret2"), "authority_domains": ["billing"]});
    assert_eq!(world.put("/api/v1/agents/billing", again).await.status, 200);
    assert_eq!(world.delete("/api/v1/agents/billing").await.status, 200);
    let log = world.get("/api/v1/events?agent=billing").await;
    assert_eq!(log.json()["items"].as_array().map(Vec::len), Some(3), "{}", log.text());
    for path in ["/api/v1/events", "/api/v1/authority", "/api/v1/agents/billing/inbox", "/api/v1/keys"] {
        let answer = world.get(path).await;
        assert!(answer.status == 200 && !answer.text().contains("s3cret"), "{path}: {}", answer.text());
    }
    assert!(log.text().contains(SHOWN), "{}", log.text());
    let verified = world.poke("/api/v1/events/verify").await.json();
    assert_eq!(verified["problems"], json!([]), "{verified}");
}

pub(crate) async fn an_address_with_a_password_is_refused(place: &Place) {
    let world = place.world_of_keys().await;
    for address in
        ["https://svc:hunter2@example.org/", "https://hunter2@example.org", "http://svc:hunter2@127.0.0.1:1/hook"]
    {
        let answer = world.put("/api/v1/agents/billing", json!({"webhook": address})).await;
        let told = problem(&answer, 422, "invalid-field");
        assert_eq!(told["errors"][0]["field"], "webhook");
        assert!(text(&told["errors"][0]["why"]).contains("signature"), "{told}");
        assert!(!answer.text().contains("hunter2"), "{told}");
    }
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
