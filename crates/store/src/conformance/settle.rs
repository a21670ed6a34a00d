//! Settling: what a recipient does with what it received.

use domain::delivery::{Receipt, Verb};
use domain::event::EventKind;
use domain::{Code, Span, State};

use super::world::{NOW, World, ack, at, refused, terminate};
use crate::{Store, Trigger};

/// Done is done.
pub async fn an_ack_settles_and_a_second_one_changes_nothing(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    let held = world.claim_one("chat", NOW).await;
    let acked = world.settle("chat", id, ack(held.receipt())).await.expect("acked");
    assert_eq!((acked.state, acked.settled_at), (State::Acked, Some(NOW)));
    assert_eq!(world.delivery("chat", id).await, acked);
    let end = world.head().await;
    assert_eq!(world.settle("chat", id, ack(held.receipt())).await.expect("acked before"), acked);
    assert_eq!(world.settle("chat", id, Verb::Ack { receipt: None, note: None }).await.expect("acked before"), acked);
    assert_eq!(world.head().await, end);
    assert!(world.claim("chat", 1, at(100_000)).await.is_empty());
}

/// Given back, it is the next to be received; with a delay, later.
pub async fn a_nack_gives_back_at_once_or_later(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    let nack = |receipt, delay| Verb::Nack { receipt, delay, reason: Some("busy".to_owned()) };
    let first = world.claim_one("chat", NOW).await;
    let committed = world.commit(world.settling("chat", id, nack(first.receipt(), None))).await.expect("given back");
    assert_eq!(committed.notify, [super::world::name("chat")]);

    let second = world.claim_one("chat", NOW).await;
    assert_eq!(second.attempt, 2);
    let later = world.settle("chat", id, nack(second.receipt(), Some(Span::from_secs(30)))).await.expect("given back");
    assert_eq!((later.state, later.deferred_until), (State::Deferred, Some(at(30))));
    assert!(world.claim("chat", 1, at(30)).await.is_empty());
    world.elapse_all(at(30)).await;
    assert_eq!(world.claim_one("chat", at(30)).await.attempt, 3);
}

/// More time is counted from now and keeps the receipt.
pub async fn a_lease_is_extended(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    let held = world.claim_one("chat", NOW).await;
    let verb = Verb::Extend { receipt: held.receipt(), lease: Span::from_secs(600) };
    let extended = world.settle("chat", id, verb).await.expect("extended");
    assert_eq!((extended.lease_expires_at, extended.receipt()), (Some(at(600)), held.receipt()));
    assert!(store.due(at(599), 10).await.expect("what is due").is_empty());
    assert_eq!(store.due(at(600), 10).await.expect("what is due").len(), 1);
}

/// The sender of what is given up gets a bounce in the same thread.
pub async fn what_is_terminated_is_dead_and_its_sender_is_told(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    let committed = world.commit(world.settling("chat", id, terminate())).await.expect("terminated");
    assert_eq!(committed.notify, [super::world::name("code")]);
    assert_eq!(world.delivery("chat", id).await.state, State::Dead);
    let bounce = world.pending("code").await.pop().expect("a bounce");
    assert_eq!((bounce.from.as_str(), bounce.in_reply_to, bounce.thread_id), ("system", Some(id), id));
    assert!(bounce.body.contains("nonsense"), "{}", bounce.body);
    assert_eq!(
        world.log().await.iter().map(|event| event.kind).collect::<Vec<_>>(),
        [EventKind::MessageSent, EventKind::MessageDead, EventKind::MessageSent]
    );
}

/// A dead letter comes back with all its attempts.
pub async fn a_dead_letter_is_redriven(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    world.claim_one("chat", NOW).await;
    world.settle("chat", id, terminate()).await.expect("terminated");
    let letters = async || store.dead_letters(world.tenant, None, (0, ""), 10).await.expect("letters").len();
    assert_eq!(letters().await, 1);
    let back = world.settle("chat", id, Verb::Redrive).await.expect("redriven");
    assert_eq!((back.state, back.attempt), (State::Pending, 0));
    assert_eq!(letters().await, 0);
    assert_eq!(world.claim_one("chat", NOW).await.attempt, 1);
}

/// A trigger brings back those that wait for it, of every agent, so many at a time.
pub async fn a_trigger_brings_back_what_waits_for_it(store: &Store) {
    let world = World::new(store).await;
    for trigger in ["built", "built", "shipped", "built"] {
        let id = world.sent(&["chat", "other"]).await;
        let verb = |agent: &str| {
            let trigger = Some(trigger.to_owned());
            world.settling(agent, id, Verb::Defer { receipt: None, until: None, trigger, reason: None })
        };
        world.commit(verb("chat")).await.expect("deferred");
        world.commit(verb("other")).await.expect("deferred");
    }
    assert!(world.claim("chat", 10, at(1_000_000)).await.is_empty());
    let mut moved = Vec::new();
    for _ in 0..3 {
        let done = world.commit(Trigger { name: "built".to_owned(), max: 4 }).await.expect("triggered");
        assert_eq!(done.notify.len(), done.outcome);
        moved.push(done.outcome);
    }
    assert_eq!(moved, [4, 2, 0]);
    assert_eq!(world.pending("chat").await.len() + world.pending("other").await.len(), 6);
    assert_eq!(store.inbox_counts(world.tenant, "other").await.expect("counts"), [3, 0, 1, 0, 0, 0]);
}

/// After a lease has run out and somebody else has the message, the old receipt is worth nothing.
pub async fn an_old_receipt_settles_nothing(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat", "other"]).await;
    let old = world.claim_one("chat", NOW).await.receipt();
    world.elapse_all(at(60)).await;
    assert_eq!(refused(world.settle("chat", id, ack(old)).await), Code::StaleReceipt);
    let new = world.claim_one("chat", at(60)).await.receipt();
    assert_ne!(old, new);
    assert_eq!(refused(world.settle("chat", id, ack(old)).await), Code::StaleReceipt);
    assert_eq!(refused(world.settle("other", id, ack(new)).await), Code::StaleReceipt);
    let foreign = Receipt { seq: 77, ..new };
    assert_eq!(refused(world.settle("chat", id, ack(foreign)).await), Code::ForeignReceipt);
    world.settle("chat", id, ack(new)).await.expect("acked");
}

/// What was never sent to an agent is not there for it.
pub async fn nobody_settles_what_was_never_sent_to_it(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    assert_eq!(refused(world.settle("other", id, terminate()).await), Code::NotFound);
    let unknown = world.message(&[]).id;
    assert_eq!(refused(world.settle("chat", unknown, terminate()).await), Code::NotFound);
}
