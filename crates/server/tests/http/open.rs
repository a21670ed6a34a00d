use axum::body::Body;
use engine::{AnonymousAccess, Config};
use serde_json::json;

use crate::place::Place;
use crate::world::problem;

const SENT: &str = r#"{"from":"code","to":"chat","subject":"x"}"#;

pub(crate) async fn an_open_server_answers_this_machine_and_no_web_page(place: &Place) {
    let world = place.whole(Config::default(), AnonymousAccess::UntilFirstKey).await;
    let send = async |headers: &[(&str, &str)]| world.raw("POST", "/api/v1/messages", headers, SENT).await;
    assert_eq!(send(&[("host", "127.0.0.1:8000")]).await.status, 201);
    assert_eq!(send(&[("host", "localhost:8000"), ("origin", "http://localhost:8000")]).await.status, 201);
    for headers in [
        &[("host", "evil.example")][..],
        &[("host", "localhost:8000"), ("origin", "https://evil.example")],
        &[("host", "localhost:8000"), ("sec-fetch-site", "cross-site")],
    ] {
        let refused = problem(&send(headers).await, 403, "forbidden");
        assert!(refused["remedy"].is_string(), "{refused}");
    }
    problem(&world.raw("GET", "/api/v1/messages", &[("host", "evil.example")], Body::empty()).await, 403, "forbidden");
    assert_eq!(world.raw("GET", "/health", &[("host", "evil.example")], Body::empty()).await.status, 200);
}

pub(crate) async fn the_first_key_closes_an_open_server(place: &Place) {
    let mut world = place.whole(Config::default(), AnonymousAccess::UntilFirstKey).await;
    let key = world.made_key(json!({"role": "admin"})).await;
    problem(&world.get("/api/v1/agents").await, 401, "unauthenticated");
    world.key = Some(key);
    assert_eq!(world.get("/api/v1/agents").await.status, 200);
    let elsewhere = [("host", "broker.example"), ("origin", "https://console.example")];
    assert_eq!(world.raw("POST", "/api/v1/messages", &elsewhere, SENT).await.status, 201, "a key is proof enough");
}
