//! The log: one numbering, one chain, whole changes.

use std::sync::Arc;

use domain::event::{EventKind, NewEvent};
use domain::{Digest, TenantId, chain};

use super::world::{NOW, World, position, refused, sending};
use crate::{Advance, Error, Record, Store};

fn noted(n: usize) -> NewEvent {
    NewEvent::of(EventKind::GateFailed, NOW, &serde_json::json!({"n": n}))
}

/// However many send at once, positions have no gap and every hash covers the one before.
pub async fn positions_are_dense_and_chained_under_concurrent_senders(store: &Store) {
    let world = World::new(store).await;
    let changes: Vec<_> = (0..200).map(|_| world.change(NOW, sending(&world.message(&["chat"]), None))).collect();
    let tasks = changes.into_iter().map(|change| {
        let store = store.clone();
        async move { store.commit(change).await.expect("sent").outcome }
    });
    let mut running = tokio::task::JoinSet::new();
    for task in tasks {
        running.spawn(task);
    }
    let mut positions: Vec<i64> = running.join_all().await.into_iter().map(position).collect();
    positions.sort_unstable();
    assert_eq!(positions, (1..=200).collect::<Vec<_>>());

    let mut previous = Digest::ZERO;
    for (event, seq) in world.log().await.iter().zip(1..) {
        assert_eq!((event.seq, event.previous), (seq, previous));
        let hash = chain::link(&previous, seq, event.at, event.kind.as_str(), event.data.as_bytes());
        assert_eq!(event.hash, hash);
        previous = hash;
    }
    assert_eq!(store.head(world.tenant).await.expect("read"), Some((200, previous, 0)));
}

/// A refusal leaves the log, the counts and the delivery as they were.
pub async fn a_refused_change_leaves_no_trace(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    let (head, before) = (store.head(world.tenant).await.expect("read"), world.delivery("chat", id).await);
    let redrive = domain::delivery::Verb::Redrive;
    assert_eq!(refused(world.settle("chat", id, redrive).await), domain::Code::WrongState);
    let conflict = crate::Change { version: Some(7), ..world.change(NOW, sending(&world.message(&["chat"]), None)) };
    assert!(matches!(store.commit(conflict).await, Err(Error::Conflict)));
    assert_eq!(store.head(world.tenant).await.expect("read"), head);
    assert_eq!(world.delivery("chat", id).await, before);
    assert_eq!(store.inbox_counts(world.tenant, "chat").await.expect("counts"), [1, 0, 0, 0, 0, 0]);
}

/// Of many changes that travel together, those that are refused take nothing from the others.
pub async fn a_refused_change_leaves_its_group_whole(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    let stale = domain::delivery::Receipt { seq: 1, lease: 12 };
    let (mut done, mut settled) = (Vec::new(), Vec::new());
    let mut sent = Vec::new();
    for n in 0..15 {
        let message = sending(&world.message(&["chat", "code"]), None);
        sent.push(store.submit(world.change(NOW, message)).await.expect("in the queue"));
        for (message, verb) in [(id, super::world::ack(stale)), (world.message(&[]).id, super::world::terminate())] {
            let settle = world.change(NOW, world.settling("chat", message, verb));
            settled.push(store.submit(settle).await.expect("in the queue"));
        }
        let record = Record { events: vec![noted(n)], facts: Vec::new() };
        done.push(store.submit(world.change(NOW, record)).await.expect("in the queue"));
    }
    for (sent, done) in sent.into_iter().zip(done) {
        position(sent.committed().await.expect("sent").outcome);
        done.committed().await.expect("recorded");
    }
    for (settled, code) in settled.into_iter().zip([domain::Code::StaleReceipt, domain::Code::NotFound].iter().cycle())
    {
        assert_eq!(refused(settled.committed().await), *code);
    }
    assert_eq!(world.head().await, 31);
    assert_eq!(world.pending("chat").await.len(), 16);
    assert_eq!(store.inbox_counts(world.tenant, "chat").await.expect("counts")[0], 16);
    world.verify().await;
}

/// Nothing is written for a tenant that does not exist.
pub async fn a_change_for_a_tenant_that_is_not_there_is_refused(store: &Store) {
    let world = World::new(store).await;
    let mut change = world.change(NOW, sending(&world.message(&["chat"]), None));
    change.tenant = TenantId(99);
    assert_eq!(refused(store.commit(change).await), domain::Code::NotFound);
    assert_eq!(store.head(TenantId(99)).await.expect("read"), None);
    assert_eq!(world.head().await, 0);
}

/// Changes handed over together keep their order, each with its own answer.
pub async fn a_batch_is_committed_in_its_order(store: &Store) {
    let world = World::new(store).await;
    store.ping().await.expect("it can be read");
    let changes = (0..1_200).map(|_| world.change(NOW, sending(&world.message(&["chat"]), None))).collect();
    let positions = store.commit_all(changes).await.into_iter().map(|done| position(done.expect("sent").outcome));
    assert!(positions.eq(1..=1_200));
    assert_eq!(store.queue_depth(), 0);
}

/// Each reader of the log has its own place in it.
pub async fn a_cursor_tells_who_is_behind_and_never_goes_back(store: &Store) {
    let world = World::new(store).await;
    let other = World::of(store, "other").await;
    let behind = async || store.behind("relay").await.expect("read");
    assert_eq!(behind().await, []);
    for _ in 0..3 {
        world.sent(&["chat"]).await;
        other.sent(&["chat"]).await;
    }
    assert_eq!(behind().await, [(world.tenant, 0, 3), (other.tenant, 0, 3)]);
    for (seq, expected) in [(2, 2), (1, 2), (3, 3)] {
        world.commit(Advance { reader: "relay", seq }).await.expect("moved");
        let cursor = behind().await.iter().find(|(tenant, ..)| *tenant == world.tenant).map_or(3, |(_, at, _)| *at);
        assert_eq!(cursor, expected);
    }
    assert_eq!(behind().await, [(other.tenant, 0, 3)]);
    assert_eq!(store.behind("another").await.expect("read").len(), 2);
}

/// Closing finishes what waits; afterwards nothing is written.
pub async fn a_closed_store_refuses_changes_and_is_still_read(store: &Store) {
    let world = World::new(store).await;
    let world = Arc::new(world);
    let waiting = (0..50).map(|_| world.change(NOW, sending(&world.message(&["chat"]), None))).collect();
    let (sent, ()) = tokio::join!(store.commit_all(waiting), async {
        tokio::task::yield_now().await;
        store.close().await;
    });
    let done = sent.iter().filter(|outcome| outcome.is_ok()).count();
    let late = store.commit(world.change(NOW, sending(&world.message(&["chat"]), None))).await;
    assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
    store.close().await;
    assert_eq!(world.head().await, done as i64);
}
