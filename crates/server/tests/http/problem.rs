use axum::body::Body;

use crate::world::{World, problem};

#[tokio::test]
async fn an_unknown_path_and_an_unknown_method_are_problems() {
    let world = World::new().await;
    for path in ["/", "/api", "/api/v2/messages", "/api/v1/messages/", "/api/v1/message", "/favicon.ico"] {
        problem(&world.get(path).await, 404, "not-found");
    }
    for (method, path, allowed) in [
        ("DELETE", "/api/v1/messages", "GET, HEAD, POST"),
        ("PATCH", "/api/v1/agents/code", "GET, HEAD, PUT, DELETE"),
        ("OPTIONS", "/health", "GET, HEAD"),
        ("GET", "/api/v1/events/verify", "POST"),
    ] {
        let answer = world.raw(method, path, &[], Body::empty()).await;
        let told = problem(&answer, 405, "method-not-allowed");
        let mut offered: Vec<&str> = answer.header("allow").split(',').collect();
        let mut expected: Vec<&str> = allowed.split(", ").collect();
        offered.sort_unstable();
        expected.sort_unstable();
        assert_eq!(offered, expected, "{method} {path}: {told}");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let world = World::new().await;
    let own = world.raw("GET", "/health", &[("x-request-id", "build-7/42")], Body::empty()).await;
    assert_eq!(own.header("x-request-id"), "build-7/42");
    let wild = world.raw("GET", "/nowhere", &[("x-request-id", "two words")], Body::empty()).await;
    let given = problem(&wild, 404, "not-found")["request_id"].clone();
    assert!(given != "two words" && !given.as_str().unwrap().is_empty());
    assert_ne!(world.get("/health").await.header("x-request-id"), world.get("/health").await.header("x-request-id"));
}

#[tokio::test]
async fn a_problem_of_a_head_request_has_no_body() {
    let world = World::new().await;
    let answer = world.raw("HEAD", "/api/v1/messages/7", &[], Body::empty()).await;
    assert_eq!((answer.status, answer.bytes.len()), (404, 0));
}
