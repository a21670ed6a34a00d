//! What only a clock that the test moves shows: exact times, and waits too long to be waited for. A process of its own has no
//! such clock, so these run here only.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use domain::{Span, Time};
use engine::Clock;
use engine::config::Config;
use http::Method;
use serde_json::json;
use testkit::embedded::TestConfig;

use crate::place::Place;
use crate::stream::Reader;
use crate::world::{World, problem};

const INBOX: &str = "/api/v1/agents/chat/inbox";

/// A server whose time a test moves.
async fn by_hand() -> World {
    let clock = Clock::by_hand("2026-03-14T09:00:00Z".parse::<Time>().expect("a time"));
    Place.world_of(TestConfig { clock, ..TestConfig::default() }).await
}

#[tokio::test]
async fn a_nack_gives_back_at_once_or_after_a_delay() {
    let world = by_hand().await;
    let id = world.hello("work").await;
    let delivery = world.received("chat").await;
    let nacked =
        world.post(&format!("{INBOX}/{id}/nack"), json!({"receipt": delivery["receipt"], "reason": "busy"})).await;
    assert_eq!(nacked.json()["state"], "pending", "{}", nacked.text());
    let again = world.received("chat").await;
    assert_eq!(again["attempt"], 2);
    let later = json!({"receipt": again["receipt"], "delay": "30s"});
    let nacked = world.post(&format!("{INBOX}/{id}/nack"), later).await.json();
    assert_eq!((&nacked["state"], &nacked["deferred_until"]), (&json!("deferred"), &json!("2026-03-14T09:00:30.000Z")));
    world.server.clock.advance(Span::from_secs(31));
    let back = world.post(&format!("{INBOX}/receive"), json!({"wait": "30s"})).await.json();
    assert_eq!(back["deliveries"][0]["attempt"], 3);
}

#[tokio::test]
async fn a_lease_that_runs_out_makes_its_receipt_stale_and_can_be_extended_before() {
    let world = by_hand().await;
    let id = world.hello("work").await;
    let delivery =
        world.post(&format!("{INBOX}/receive"), json!({"lease": "10s"})).await.json()["deliveries"][0].clone();
    assert_eq!(delivery["lease_expires_at"], "2026-03-14T09:00:10.000Z");
    let extend = json!({"receipt": delivery["receipt"], "lease": "1m"});
    let extended = world.post(&format!("{INBOX}/{id}/extend"), extend.clone()).await.json();
    assert_eq!(extended["lease_expires_at"], "2026-03-14T09:01:00.000Z");
    world.server.clock.advance(Span::from_secs(61));
    let again = world.post(&format!("{INBOX}/receive"), json!({"wait": "30s"})).await.json();
    assert_eq!(again["deliveries"][0]["attempt"], 2, "{again}");
    problem(
        &world.post(&format!("{INBOX}/{id}/ack"), json!({"receipt": delivery["receipt"]})).await,
        409,
        "stale-receipt",
    );
    problem(&world.post(&format!("{INBOX}/{id}/extend"), extend).await, 409, "stale-receipt");
    let absurd = json!({"receipt": again["deliveries"][0]["receipt"], "lease": "9999d"});
    problem(&world.post(&format!("{INBOX}/{id}/extend"), absurd).await, 422, "invalid-duration");
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_again() {
    let mut config = Config::default();
    config.limits.rate_per_key = Some("2/m".parse().unwrap());
    config.limits.rate_per_tenant = Some("100/h".parse().unwrap());
    let clock = Clock::by_hand(Time::from_millis(1_800_000_000_000));
    let admin = Some("an administrator's key".to_owned());
    let world = Place.world_of(TestConfig { config, clock: clock.clone(), admin, ..TestConfig::default() }).await;
    let key = world.made_key(json!({"role": "observer"})).await;
    let ask = async || world.with_key(&key, Method::GET, "/api/v1/agents", None).await;
    let first = ask().await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("ratelimit-policy"), r#""key";q=2;w=60, "tenant";q=100;w=3600"#);
    assert_eq!(first.header("ratelimit"), r#""key";r=1;t=30, "tenant";r=98;t=72"#);
    assert_eq!(ask().await.status, 200);
    let refused = ask().await;
    problem(&refused, 429, "rate-limited");
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refused.header("ratelimit"), r#""key";r=0;t=60"#, "the tenant is not counted for it");
    clock.advance(domain::Span::from_secs(30));
    assert_eq!(ask().await.status, 200);
    assert_eq!(ask().await.status, 429);
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_sends_a_comment() {
    let world = Place.world().await;
    let mut stream = Reader::open(&world, "/api/v1/agents/chat/inbox/stream", None).await;
    assert_eq!(stream.block().await.unwrap(), "retry: 1000");
    let before = tokio::time::Instant::now();
    assert_eq!(stream.block().await.unwrap(), ": keep-alive");
    assert!(before.elapsed() >= Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stands_still_is_given_up() {
    let world = Place.world().await;
    let silent = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
    let answer = world.raw("POST", "/api/v1/attachments", &[], Body::from_stream(silent)).await;
    problem(&answer, 408, "upload-timeout");
}
