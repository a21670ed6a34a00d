//! Idempotency: the same request under the same key is done once.

use domain::message::Message;
use domain::{Code, Digest, Span};

use super::world::{World, at, refused};
use crate::{Forget, Idempotency, SendMessage, SendOutcome, Store};

fn key(key: &str, request: u8) -> Idempotency {
    Idempotency { key: key.to_owned(), fingerprint: Digest([request; 32]), until: at(100) }
}

fn sent_under(message: &Message, key: Idempotency) -> SendMessage {
    super::world::sending(message, Some(key))
}

/// The second time answers with the first message and writes nothing.
pub async fn the_same_request_is_sent_once(store: &Store) {
    let world = World::new(store).await;
    let first = world.message(&["chat"]);
    world.commit(sent_under(&first, key("k", 1))).await.expect("sent");
    let again = world.commit(sent_under(&world.message(&["chat"]), key("k", 1))).await.expect("answered");
    assert!(matches!(again.outcome, SendOutcome::Replayed(id) if id == first.id), "{again:?}");
    assert!(again.notify.is_empty());
    assert_eq!(world.head().await, 1);
    let other = world.commit(sent_under(&world.message(&["chat"]), key("l", 1))).await.expect("sent");
    assert!(matches!(other.outcome, SendOutcome::Sent(2)), "another key is another request");
}

/// A group sees what it has written itself.
pub async fn the_same_requests_in_one_group_are_sent_once(store: &Store) {
    let world = World::new(store).await;
    let changes = (0..20).map(|_| world.change(at(0), sent_under(&world.message(&["chat"]), key("k", 1)))).collect();
    let outcomes: Vec<_> =
        store.commit_all(changes).await.into_iter().map(|done| done.expect("done").outcome).collect();
    assert!(matches!(outcomes[0], SendOutcome::Sent(1)));
    assert!(outcomes[1..].iter().all(|outcome| matches!(outcome, SendOutcome::Replayed(_))), "{outcomes:?}");
    assert_eq!(world.pending("chat").await.len(), 1);
}

/// A key names one request.
pub async fn another_request_under_the_same_key_is_refused(store: &Store) {
    let world = World::new(store).await;
    world.commit(sent_under(&world.message(&["chat"]), key("k", 1))).await.expect("sent");
    let other = world.commit(sent_under(&world.message(&["chat"]), key("k", 2))).await;
    assert_eq!(refused(other), Code::IdempotencyMismatch);
    assert_eq!(world.head().await, 1);
}

/// What was sent under a key can be asked for without sending.
pub async fn what_was_sent_under_a_key_is_found(store: &Store) {
    let world = World::new(store).await;
    let first = world.message(&["chat"]);
    world.commit(sent_under(&first, key("k", 1))).await.expect("sent");
    let known = |name: &str, request, secs| {
        let key = key(name, request);
        async move { store.sent_under(world.tenant, &key, at(secs)).await.map_err(|error| format!("{error}")) }
    };
    assert_eq!(known("k", 1, 99).await, Ok(Some(first.id)));
    assert_eq!(known("k", 1, 100).await, Ok(None), "its time has passed");
    assert_eq!(known("l", 1, 0).await, Ok(None));
    assert!(known("k", 2, 0).await.is_err_and(|error| error.starts_with("idempotency-mismatch")));
}

/// After its time a key means nothing, forgotten or not.
pub async fn a_key_whose_time_has_passed_is_new(store: &Store) {
    let world = World::new(store).await;
    world.commit(sent_under(&world.message(&["chat"]), key("k", 1))).await.expect("sent");
    for (secs, expected) in [(99, None), (100, Some(2))] {
        let fresh = Idempotency { until: at(secs).plus(Span::from_secs(100)), ..key("k", 1) };
        let change = world.change(at(secs), sent_under(&world.message(&["chat"]), fresh));
        let outcome = store.commit(change).await.expect("done").outcome;
        let position = if let SendOutcome::Sent(seq) = outcome { Some(seq) } else { None };
        assert_eq!(position, expected, "at {secs}");
    }
    // From then on it stands for the new one.
    let again = world.change(at(150), sent_under(&world.message(&["chat"]), key("k", 1)));
    assert!(matches!(store.commit(again).await.expect("done").outcome, SendOutcome::Replayed(_)));
}

/// Forgetting keeps what may still be asked for.
pub async fn only_keys_whose_time_has_passed_are_forgotten(store: &Store) {
    let world = World::new(store).await;
    let late = Idempotency { until: at(101), ..key("late", 1) };
    world.commit(sent_under(&world.message(&["chat"]), key("soon", 1))).await.expect("sent");
    world.commit(sent_under(&world.message(&["chat"]), late)).await.expect("sent");
    for (secs, expected) in [(99, false), (100, true)] {
        assert_eq!(store.forgettable(world.tenant, at(secs)).await.expect("read"), expected);
    }
    store.commit(world.change(at(100), Forget { max: 10 })).await.expect("forgotten");
    assert!(!store.forgettable(world.tenant, at(100)).await.expect("read"));
    // As of the beginning both keys are in force; only the one that was kept is known.
    let soon = world.commit(sent_under(&world.message(&["chat"]), key("soon", 1))).await.expect("done");
    let late = world.commit(sent_under(&world.message(&["chat"]), key("late", 1))).await.expect("done");
    assert!(matches!(soon.outcome, SendOutcome::Sent(3)), "{soon:?}");
    assert!(matches!(late.outcome, SendOutcome::Replayed(_)), "{late:?}");
}
