use serde_json::json;

use crate::place::Place;

pub(crate) async fn a_running_server_is_alive_and_ready(place: &Place) {
    let world = place.world().await;
    let health = world.get("/health").await;
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("ok")));
    let ready = world.get("/ready").await;
    assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("ready")));
    assert_eq!(ready.json()["checks"]["store"]["status"], "ok", "{}", ready.text());
}
