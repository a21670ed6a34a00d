//! What Redis, and the way to it, can do: it costs time only.

use std::time::Duration;

use ephemeral::{Ephemeral, EphemeralConfig, Scope, Stale, Status};
use testkit::proxy::Proxy;
use tokio::time::Instant;

use crate::world::{NOW, TENANT, agent, is_degraded, process, redis, soon, until};

/// Rings until it is heard.
async fn is_heard(here: &Ephemeral, there: &Ephemeral) {
    let code = agent("code");
    let subscription = there.inbox(TENANT, &code);
    here.notify_inbox(TENANT, &code);
    soon(subscription.turn()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_costs_nothing_but_counts_and_presences() {
    let redis = redis();
    let (here, there) = (process(&redis.url()), process(&redis.url()));
    let (rate, scope, code) = ("1/h".parse().unwrap(), Scope::Tenant(TENANT), agent("code"));
    assert!(here.admit(&scope, rate, NOW).await.allowed);
    assert!(!there.admit(&scope, rate, NOW).await.allowed);
    here.seen(TENANT, &code, NOW);
    assert!(until(async || there.last_seen(TENANT, &[&code]).await == [Some(NOW)]));
    let client = redis::Client::open(redis.url()).unwrap();
    let mut operator = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").exec_async(&mut operator).await.unwrap();
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut operator).await.unwrap();
    assert_eq!(there.last_seen(TENANT, &[&code]).await, [None]);
    assert_eq!(here.last_seen(TENANT, &[&code]).await, [Some(NOW)]);
    assert!(there.admit(&scope, rate, NOW).await.allowed);
    assert!(!here.admit(&scope, rate, NOW).await.allowed);
    is_heard(&here, &there).await;
    assert_eq!(here.status(), Status::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_killed_is_done_without_until_it_is_back() {
    let mut redis = redis();
    let (here, there) = (process(&redis.url()), process(&redis.url()));
    let subscription = there.log(TENANT);
    let rung = subscription.notified();
    tokio::task::block_in_place(|| redis.daemon.kill9());
    // Whoever waits is told to look, and from now on more often.
    soon(rung).await;
    assert!(until(async || is_degraded(&here) && !here.hears_others()));
    let asked = Instant::now();
    let (rate, scope) = ("1/h".parse().unwrap(), Scope::Tenant(TENANT));
    assert!(here.admit(&scope, rate, NOW).await.allowed);
    assert!(!here.admit(&scope, rate, NOW).await.allowed, "counted in this process");
    here.seen(TENANT, &agent("code"), NOW);
    assert_eq!(here.last_seen(TENANT, &[&agent("code")]).await, [Some(NOW)]);
    here.notify_log(TENANT);
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    let (subscription, mut stale) = (there.log(TENANT), there.stale());
    let rung = subscription.notified();
    tokio::task::block_in_place(|| redis.daemon.restart()).unwrap();
    soon(rung).await;
    assert_eq!(soon(stale.recv()).await, Ok(Stale::Everything), "what was said meanwhile was not heard");
    for process in [&here, &there] {
        assert!(until(async || process.status() == Status::Ok));
    }
    is_heard(&here, &there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_is_made_again() {
    let redis = redis();
    let proxy = Proxy::start(redis.address()).await.unwrap();
    let (here, there) = (process(&format!("redis://{}", proxy.address())), process(&redis.url()));
    proxy.cut().await;
    assert!(until(async || here.status() == Status::Ok));
    assert!(until(async || {
        let subscription = here.inbox(TENANT, &agent("code"));
        there.notify_inbox(TENANT, &agent("code"));
        tokio::time::timeout(Duration::from_millis(100), subscription.turn()).await.is_ok()
    }));
    is_heard(&there, &here).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_redis_holds_nobody_up() {
    let redis = redis();
    let mut proxy = Proxy::start(redis.address()).await.unwrap();
    let here = process(&format!("redis://{}", proxy.address()));
    proxy.stall();
    let asked = Instant::now();
    let (rate, scope) = ("1/h".parse().unwrap(), Scope::Tenant(TENANT));
    assert!(here.admit(&scope, rate, NOW).await.allowed);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(is_degraded(&here));
    let asked = Instant::now();
    assert!(!here.admit(&scope, rate, NOW).await.allowed);
    assert!(asked.elapsed() < Duration::from_millis(100), "{:?}", asked.elapsed());
    assert!(until(async || !here.hears_others()), "silence is noticed");
    proxy.restore().await.unwrap();
    assert!(until(async || here.status() == Status::Ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_never_there_is_done_without() {
    let nobody = testkit::port::Port::take().unwrap();
    let url = format!("redis://{}", nobody.address());
    let here = Ephemeral::redis(&url, &EphemeralConfig::default()).unwrap();
    assert!(is_degraded(&here));
    let subscription = here.log(TENANT);
    let rung = subscription.notified();
    here.notify_log(TENANT);
    soon(rung).await;
    soon(here.close()).await;
}
