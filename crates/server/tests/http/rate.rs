use domain::Time;
use engine::Clock;
use engine::config::Config;
use http::Method;
use serde_json::json;
use testkit::embedded::Recipe;

use crate::world::{World, problem};

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_again() {
    let mut config = Config::default();
    config.limits.rate_per_key = Some("2/m".parse().unwrap());
    config.limits.rate_per_tenant = Some("100/h".parse().unwrap());
    let clock = Clock::by_hand(Time::from_millis(1_800_000_000_000));
    let admin = Some("an administrator's key".to_owned());
    let world = World::of(Recipe { config, clock: clock.clone(), admin, ..Recipe::default() }).await;
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

#[tokio::test]
async fn without_limits_nothing_is_counted() {
    let world = World::new().await;
    let answer = world.get("/api/v1/agents").await;
    assert_eq!(answer.header("ratelimit"), "");
}
