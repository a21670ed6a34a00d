use axum::body::Body;
use domain::Code;

use crate::place::Place;
use crate::world::problem;

pub(crate) async fn an_unknown_path_and_an_unknown_method_are_problems(place: &Place) {
    let world = place.world().await;
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
        let detail = told["detail"].as_str().unwrap();
        let mut named: Vec<&str> =
            detail.trim_start_matches("This path takes ").trim_end_matches('.').split(", ").collect();
        named.sort_unstable();
        assert_eq!(named, expected, "{method} {path}: {detail}");
    }
}

pub(crate) async fn what_is_to_be_an_id_and_is_none_says_what_an_id_is(place: &Place) {
    let world = place.world().await;
    for path in ["/api/v1/messages/nope", "/api/v1/threads/7", "/api/v1/messages/nope/receipts"] {
        let told = problem(&world.get(path).await, 404, "not-found");
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.contains(path) && detail.contains("An id is a UUID"), "{detail}");
    }
}

pub(crate) async fn every_answer_has_a_request_id(place: &Place) {
    let world = place.world().await;
    let own = world.raw("GET", "/health", &[("x-request-id", "build-7/42")], Body::empty()).await;
    assert_eq!(own.header("x-request-id"), "build-7/42");
    let wild = world.raw("GET", "/nowhere", &[("x-request-id", "two words")], Body::empty()).await;
    let given = problem(&wild, 404, "not-found")["request_id"].clone();
    assert!(given != "two words" && !given.as_str().unwrap().is_empty());
    assert_ne!(world.get("/health").await.header("x-request-id"), world.get("/health").await.header("x-request-id"));
}

pub(crate) async fn a_problem_of_a_head_request_has_no_body(place: &Place) {
    let world = place.world().await;
    let answer = world.raw("HEAD", "/api/v1/messages/7", &[], Body::empty()).await;
    assert_eq!((answer.status, answer.bytes.len()), (404, 0));
}

pub(crate) async fn the_type_of_every_problem_leads_to_a_page_that_says_what_to_do(place: &Place) {
    let world = place.world().await;
    let all = world.get("/problems").await;
    assert_eq!((all.status, all.header("content-type")), (200, "text/html; charset=utf-8"));
    for code in Code::ALL {
        let path = format!("/problems/{code}");
        assert!(all.text().contains(&format!("href=\"{path}\"")), "{path} is not listed");
        let page = world.get(&path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.text().contains("What to do"), "{path}");
    }
    problem(&world.get("/problems/nonsense").await, 404, "not-found");
}
