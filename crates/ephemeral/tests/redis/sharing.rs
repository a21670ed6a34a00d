//! What one process tells and counts, the others apply and count.

use domain::Span;
use ephemeral::{Ephemeral, Rate, Scope, Stale};
use tokio::time::timeout;

use crate::world::{A_WHILE, NOW, TENANT, agent, process, redis, soon, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_is_heard_in_every_process() {
    let redis = redis();
    let (here, there) = (process(&redis.url()), process(&redis.url()));
    let code = agent("code");
    let (own, other) = (here.inbox(TENANT, &code), there.inbox(TENANT, &code));
    here.notify_inbox(TENANT, &code);
    soon(async { tokio::join!(own.turn(), other.turn()) }).await;
    let (own, other) = (here.log(TENANT), there.log(TENANT));
    let (own, other) = (own.notified(), other.notified());
    there.notify_log(TENANT);
    soon(async { tokio::join!(own, other) }).await;
    here.notify_tasks();
    soon(async { tokio::join!(here.tasks(), there.tasks()) }).await;
    let (chat, elsewhere) = (there.inbox(TENANT, &agent("chat")), there.inbox(domain::TenantId(2), &code));
    here.notify_inbox(TENANT, &code);
    let rung = async {
        tokio::select! { () = chat.turn() => {}, () = elsewhere.turn() => {} }
    };
    assert!(timeout(A_WHILE, rung).await.is_err(), "a notify was heard by another");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_does_not_hear_itself_twice() {
    let redis = redis();
    let (here, there) = (process(&redis.url()), process(&redis.url()));
    let code = agent("code");
    let own = here.inbox(TENANT, &code);
    here.notify_inbox(TENANT, &code);
    soon(own.turn()).await;
    let other = there.inbox(TENANT, &code);
    here.notify_inbox(TENANT, &code);
    soon(other.turn()).await;
    soon(own.turn()).await;
    assert!(timeout(A_WHILE, own.turn()).await.is_err(), "a notify came back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stale_is_told_to_the_others() {
    let redis = redis();
    let (here, there) = (process(&redis.url()), process(&redis.url()));
    let (mut own, mut other) = (here.stale(), there.stale());
    for stale in [Stale::Directory(TENANT), Stale::Keys(TENANT)] {
        here.invalidate(stale);
        assert_eq!(soon(other.recv()).await, Ok(stale));
    }
    assert!(timeout(A_WHILE, own.recv()).await.is_err(), "told to itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_is_seen_from_every_process() {
    let redis = redis();
    let (here, there) = (process(&redis.url()), process(&redis.url()));
    let (code, chat) = (agent("code"), agent("chat"));
    here.seen(TENANT, &code, NOW);
    assert_eq!(here.last_seen(TENANT, &[&chat, &code]).await, [None, Some(NOW)]);
    assert!(until(async || there.last_seen(TENANT, &[&chat, &code]).await == [None, Some(NOW)]));
    let later = NOW.plus(Span::from_secs(5));
    there.seen(TENANT, &code, later);
    assert_eq!(there.last_seen(TENANT, &[&code]).await, [Some(later)], "the latest counts");
    assert_eq!(there.last_seen(domain::TenantId(2), &[&code]).await, [None]);
    assert_eq!(there.last_seen(TENANT, &[]).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_counted_over_all_processes() {
    let redis = redis();
    let (here, there) = (process(&redis.url()), process(&redis.url()));
    let rate: Rate = "10/h".parse().unwrap();
    let scope = Scope::Key(TENANT, "key".to_owned());
    for left in (0..10).rev() {
        let process = if left % 2 == 0 { &here } else { &there };
        let admission = process.admit(&scope, rate, NOW).await;
        assert_eq!((admission.allowed, admission.remaining), (true, left));
    }
    for process in [&here, &there] {
        let refused = process.admit(&scope, rate, NOW).await;
        assert_eq!((refused.allowed, refused.remaining), (false, 0));
        let after = refused.retry_after.unwrap();
        assert!(after > Span::from_secs(300) && after <= Span::from_secs(360), "{after}");
    }
    assert!(here.admit(&Scope::Tenant(TENANT), rate, NOW).await.allowed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_made_up_for_with_time() {
    let redis = redis();
    let here = process(&redis.url());
    let (rate, scope) = ("5/s".parse().unwrap(), Scope::Tenant(TENANT));
    let pass = async |here: &Ephemeral| here.admit(&scope, rate, NOW).await.allowed;
    while pass(&here).await {}
    assert!(until(async || pass(&here).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_last_is_heard_before_the_end() {
    let redis = redis();
    let (here, there) = (process(&redis.url()), process(&redis.url()));
    let other = there.log(TENANT);
    let rung = other.notified();
    here.notify_log(TENANT);
    here.close().await;
    soon(rung).await;
}
