use axum::body::Body;
use domain::Code;

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

/// The codes that no request of these tests leads to, and where they are shown or why not.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::Internal, "observe.rs: a handler that panics"),
    (Code::RequestTimeout, "observe.rs: a handler that takes too long"),
    (Code::Conflict, "only when the agents change between each of several tries"),
    (Code::OutcomeUnknown, "only when the store loses its connection while it commits"),
    (Code::Overloaded, "only when changes come faster than they are committed"),
    (Code::RateLimited, "no rate is limited yet"),
    (Code::AttachmentsDisabled, "coord/tests/roles.rs: an API without a place for attachments"),
    (Code::Draining, "while it drains the server answers everything"),
];

#[test]
fn every_code_is_shown_by_a_test_or_excused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http");
    let files = std::fs::read_dir(folder).expect("the tests").map(|entry| entry.expect("an entry").path());
    let sources = files.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let sources: String = sources.map(|path| std::fs::read_to_string(path).expect("a source")).collect();
    for code in Code::ALL {
        let shown = sources.contains(&format!("\"{code}\""));
        let excused = ELSEWHERE.iter().any(|(other, _)| other == code);
        assert!(shown || excused, "no test shows `{code}`");
    }
}

#[tokio::test]
async fn what_cannot_be_stored_is_to_be_tried_again() {
    let world = World::new().await;
    std::fs::remove_dir_all(world.server.folder().join("attachments")).expect("removes");
    let answer = world.raw("POST", "/api/v1/attachments", &[], "test").await;
    problem(&answer, 503, "storage-unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(world.get("/api/v1/messages").await.status, 200, "reads go on");
}

#[tokio::test]
async fn the_type_of_every_problem_leads_to_a_page_that_says_what_to_do() {
    let world = World::new().await;
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
