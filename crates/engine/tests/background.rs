//! The whole engine with its loops running, on the system's clock.

use broker::Broker;
use domain::Span;
use domain::send::Draft;
use engine::{AccessPolicy, AnonymousAccess, Clock, Config, Engine, Page, Session};
use testkit::engine::{draft, open_session, parts};

async fn started(folder: &std::path::Path, change: impl FnOnce(&mut Config)) -> Session {
    let mut config = Config::default();
    change(&mut config);
    let parts = parts(folder, &Clock::system(), &Broker::in_process(1_000));
    let access = AccessPolicy { anonymous: AnonymousAccess::UntilFirstKey, admin: None };
    open_session(&Engine::start(parts, config, access).await.expect("starts")).await
}

/// A wait that a test never sits out: what it waits for is there long before.
const LONG: Span = Span::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_wakes_when_a_message_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = started(folder.path(), |_| {}).await;
    let receive = engine.receive("chat", 1, None, LONG);
    let (received, sent) = tokio::join!(receive, engine.send(draft("code", "chat", "Wake up"), None));
    assert_eq!(received.expect("receives")[0].message.id, sent.expect("sent").message.message.id);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timers_bring_a_delayed_message_to_who_waits_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = started(folder.path(), |_| {}).await;
    let later = Draft { deliver_in: Some(Span::from_millis(50)), ..draft("code", "chat", "Later") };
    engine.send(later, None).await.expect("sent");
    let received = engine.receive("chat", 1, None, LONG).await.expect("receives");
    assert_eq!(received[0].message.subject, "Later");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workers_fan_a_message_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = started(folder.path(), |config| config.limits.inline_recipients = 1).await;
    let sent = engine.send(draft("code", "*", "To all"), None).await.expect("sent").message;
    assert!(sent.fanning_out);
    for agent in ["chat", "human"] {
        let received = engine.receive(agent, 1, None, LONG).await.expect("receives");
        assert_eq!(received[0].message.subject, "To all");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_engine_takes_nothing_more_and_can_be_started_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = started(folder.path(), |_| {}).await;
    engine.send(draft("code", "chat", "Before"), None).await.expect("sent");
    engine.stop().await;
    let late = engine.send(draft("code", "chat", "After"), None).await;
    assert_eq!(late.expect_err("closed").refusal().code, domain::Code::StorageUnavailable);
    let engine = started(folder.path(), |_| {}).await;
    let inbox = engine.inbox("chat", &[], &Page::default()).await.expect("looks");
    assert_eq!(inbox.counts, [1, 0, 0, 0, 0, 0]);
    engine.stop().await;
}
