//! What concerns one process alone, which nobody can choose behind a balancer: its measures, what it holds at a time, its
//! drain, its own files. These run here only.

use axum::body::Body;
use domain::Code;
use http::Request;
use serde_json::json;
use testkit::embedded::TestConfig;
use tower::ServiceExt;

use crate::place::Place;
use crate::stream::Reader;
use crate::world::problem;

#[tokio::test]
async fn the_measures_have_the_names_and_labels_that_dashboards_rely_on() {
    let world = Place.world().await;
    world.hello("measured").await;
    world.received("chat").await;
    world.get("/nowhere").await;
    let server = world.server.server.as_ref().unwrap();
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = server.metrics_router().oneshot(request).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    for line in [
        r#"messages_sent_total{tenant="default",kind="inform",priority="normal"} 1"#,
        r#"api_latency_seconds_count{method="POST",route="/api/v1/messages",status="201"} 1"#,
        r#"api_latency_seconds_count{method="GET",route="unknown",status="404"} 1"#,
        "delivery_latency_seconds_count 1",
        r#"deliveries{state="leased"} 1"#,
        r#"deliveries{state="pending"} 0"#,
        r#"coordination_build_info{version="0.1.0"} 1"#,
        "http_requests_in_flight 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    for beginning in [
        r#"webhook_attempts_total{outcome="rejected"} 0"#,
        "queue_messages{queue=\"",
        "event_log_head{tenant=\"default\"} ",
        "process_resident_memory_bytes ",
        "process_cpu_seconds_total ",
        "process_open_fds ",
        "long_polls_waiting 0",
        "streams_open 0",
    ] {
        assert!(text.lines().any(|found| found.starts_with(beginning)), "{beginning} is not in\n{text}");
    }
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    insta::assert_snapshot!(names.join("\n"));
}

#[tokio::test]
async fn more_long_polls_than_are_held_are_refused() {
    let mut test_config = TestConfig::default();
    test_config.config.limits.waiters = 1;
    test_config.config.limits.waiters_per_agent = 1;
    let world = Place.world_of(test_config).await;
    let path = "/api/v1/agents/chat/inbox/receive";
    let first = world.post(path, json!({"wait": "30s"}));
    let second = async {
        while world.server.engine.waiting().0 == 0 {
            tokio::task::yield_now().await;
        }
        let refused = world.post(path, json!({"wait": "30s"})).await;
        problem(&refused, 429, "too-many-waiters");
        assert_eq!(refused.header("retry-after"), "1");
        world.hello("enough").await
    };
    let (received, id) = futures_util::future::join(first, second).await;
    assert_eq!(received.json()["deliveries"][0]["message"]["id"], id.as_str());
}

#[tokio::test]
async fn there_are_so_many_streams() {
    let mut test_config = TestConfig::default();
    test_config.config.limits.streams = 1;
    let world = Place.world_of(test_config).await;
    let open = Reader::open(&world, "/api/v1/events/stream", None).await;
    let refused = world.get("/api/v1/events/stream").await;
    problem(&refused, 429, "too-many-streams");
    assert!(!refused.header("retry-after").is_empty());
    drop(open);
    Reader::open(&world, "/api/v1/events/stream", None).await;
}

fn search(q: &str) -> String {
    format!("/api/v1/messages?{}", form_urlencoded::Serializer::new(String::new()).append_pair("q", q).finish())
}

#[tokio::test]
async fn a_search_that_asks_for_too_much_is_told_the_bound() {
    let world = Place.world().await;
    world.hello("found").await;
    let [terms, prefixes, chars] = ["a ".repeat(32), "a* ".repeat(8), "a".repeat(1_000)];
    for within in [&terms, &prefixes, &chars] {
        assert_eq!(world.get(&search(within)).await.status, 200, "{within}");
    }
    let table = [
        (format!("{terms} b"), "too-many-items", "has 33 words and phrases; 32 are allowed"),
        (format!("{prefixes} b*"), "too-many-items", "has 9 beginnings of words (`word*`); 8 are allowed"),
        (format!("{chars}a"), "invalid-field", "has 1001 characters; 1000 are allowed"),
    ];
    for (beyond, code, why) in table {
        let told = problem(&world.get(&search(&beyond)).await, 422, code);
        assert_eq!((&told["errors"][0]["field"], &told["errors"][0]["why"]), (&json!("q"), &json!(why)));
    }
}

#[tokio::test]
async fn more_searches_than_may_wait_are_refused() {
    let mut test_config = TestConfig::default();
    test_config.config.limits.searches = 1;
    test_config.config.limits.searches_waiting = 1;
    let world = Place.world_of(test_config).await;
    world.hello("found").await;
    let path = search("found");
    let (first, second, third) =
        futures_util::future::join3(world.get(&path), world.get(&path), world.get(&path)).await;
    assert_eq!((first.status, second.status), (200, 200));
    let told = problem(&third, 503, "overloaded");
    assert_eq!(
        (&told["detail"], third.header("retry-after")),
        (&json!("1 searches wait in all; no more are held. Nothing was done."), "1")
    );
    assert_eq!(world.get(&path).await.json()["items"][0]["subject"], "found", "the turns are free again");
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_ended() {
    let mut test_config = TestConfig::default();
    test_config.config.limits.search_time = domain::Span::ZERO;
    let world = Place.world_of(test_config).await;
    let refused = world.get(&search("found")).await;
    let told = problem(&refused, 503, "request-timeout");
    assert_eq!((&told["detail"], refused.header("retry-after")), (&json!("The search was not done in 0s."), "1"));
    assert_eq!(world.get("/api/v1/messages").await.status, 200, "lists are no searches");
}

#[tokio::test]
async fn streams_end_when_the_server_drains() {
    let world = Place.world().await;
    let mut stream = Reader::open(&world, "/api/v1/events/stream", None).await;
    assert_eq!(stream.block().await.unwrap(), "retry: 1000");
    world.server.engine.drain();
    assert_eq!(stream.block().await, None);
}

#[tokio::test]
async fn what_cannot_be_stored_is_to_be_tried_again() {
    let world = Place.world().await;
    std::fs::remove_dir_all(world.server.folder().join("attachments")).expect("removes");
    let answer = world.raw("POST", "/api/v1/attachments", &[], "test").await;
    problem(&answer, 503, "storage-unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(world.get("/api/v1/messages").await.status, 200, "reads go on");
}

/// The codes that no request of these tests leads to, and where they are shown or why not.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::Internal, "observe.rs: a handler that panics"),
    (Code::Conflict, "only when the agents change between each of several tries"),
    (Code::OutcomeUnknown, "only when the store loses its connection while it commits"),
    (Code::RateLimited, "no rate is limited yet"),
    (Code::Archived, "engine/tests/archive.rs: what has gone says where it went"),
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
