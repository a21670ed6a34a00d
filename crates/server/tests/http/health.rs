use axum::body::Body;
use http::Request;
use serde_json::json;
use tower::ServiceExt;

use crate::world::World;

#[tokio::test]
async fn a_running_server_is_alive_and_ready() {
    let world = World::new().await;
    let health = world.get("/health").await;
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("ok")));
    let ready = world.get("/ready").await;
    assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("ready")));
    assert_eq!(ready.json()["checks"]["store"]["status"], "ok", "{}", ready.text());
}

#[tokio::test]
async fn the_measures_have_the_names_and_labels_that_dashboards_rely_on() {
    let world = World::new().await;
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
        r#"webhook_attempts_total{outcome="failed"} 0"#,
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
