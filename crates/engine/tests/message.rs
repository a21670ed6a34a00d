//! One message through the whole engine.

use std::collections::BTreeMap;

use blobs::Blobs;
use broker::Broker;
use domain::delivery::Verb;
use domain::key::Caller;
use domain::message::{Kind, Priority};
use domain::send::Draft;
use domain::{Span, State};
use engine::{Clock, Config, Door, Engine, Open, Page, Parts};
use ephemeral::Ephemeral;
use store::Store;

async fn engine(folder: &std::path::Path) -> Engine {
    let parts = Parts {
        store: Store::open_sqlite(folder, store::Options::default()).expect("opens"),
        broker: Broker::in_process(1_000),
        ephemeral: Ephemeral::default(),
        blobs: Blobs::in_folder(&folder.join("attachments")).expect("opens"),
        clock: Clock::system(),
    };
    let door = Door { open: Open::UntilFirstKey, admin: None };
    Engine::start(parts, Config::default(), door).await.expect("starts")
}

fn draft(from: &str, to: &str, subject: &str) -> Draft {
    Draft {
        from: Some(from.to_owned()),
        to: vec![to.to_owned()],
        subject: subject.to_owned(),
        body: "Running at scale!".to_owned(),
        content_type: None,
        kind: Kind::Inform,
        priority: Priority::Normal,
        domain: None,
        in_reply_to: None,
        attachments: Vec::new(),
        evidence: BTreeMap::new(),
        metadata: None,
        expires_in: None,
        expires_at: None,
        deliver_in: None,
        deliver_at: None,
        ack_within: None,
        traceparent: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_from_its_sender_to_its_ack() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path()).await;
    let caller = Caller::open();
    let sent = engine.send(&caller, draft("code", "chat", "Hello k8s"), None).await.expect("sends");
    let inbox = engine.inbox(&caller, "chat", &[], &Page::default()).await.expect("looks");
    assert_eq!(inbox.items.items.len(), 1);
    assert_eq!(inbox.counts, [1, 0, 0, 0, 0, 0]);
    let items = engine.receive(&caller, "chat", 10, None, Span::ZERO).await.expect("receives");
    assert_eq!(items.len(), 1);
    let receipt = Some(items[0].delivery.receipt());
    let ack = Verb::Ack { receipt, note: None };
    let acked = engine.settle(&caller, "chat", sent.message.message.id, ack.clone()).await.expect("acks");
    assert_eq!(acked.state, State::Acked);
    engine.settle(&caller, "chat", sent.message.message.id, ack).await.expect("acks again");
    let found = engine
        .messages(
            &caller,
            engine::MessageFilter { q: Some("scale".to_owned()), ..Default::default() },
            &Page::default(),
        )
        .await
        .expect("finds");
    assert_eq!(found.items.len(), 1);
    let report = engine.verify(&caller).await.expect("verifies");
    assert_eq!(report.problems, []);
    assert_eq!(report.deliveries, 1);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_wakes_when_a_message_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path()).await;
    let caller = Caller::open();
    let receive = engine.receive(&caller, "chat", 1, None, Span::from_secs(30));
    let send = engine.send(&caller, draft("code", "chat", "Wake up"), None);
    let (received, sent) = tokio::join!(receive, send);
    assert_eq!(received.expect("receives")[0].message.id, sent.expect("sends").message.message.id);
    engine.stop().await;
}
