//! Claims: who receives what, and in which order.

use std::collections::BTreeSet;

use domain::event::EventKind;
use domain::filter::ReceiveFilter;
use domain::message::{Message, Priority};
use domain::{State, Time};

use super::world::{LEASE, NOW, World, at, name};
use crate::{Claim, Store};

/// Critical before high before normal before info; within a lane first in, first out.
pub async fn a_claim_takes_the_first_lane_first_and_each_lane_in_order(store: &Store) {
    let world = World::new(store).await;
    let mut expected = Vec::new();
    for round in 0..3 {
        for priority in Priority::ALL.iter().rev() {
            let message = Message { priority: *priority, ..world.message(&["chat"]) };
            let seq = world.send(&message).await;
            expected.push((priority.code(), seq, message.id, round));
        }
    }
    expected.sort_by_key(|(lane, seq, ..)| (*lane, *seq));
    for (_, seq, id, _) in expected {
        let delivery = world.claim_one("chat", NOW).await;
        assert_eq!((delivery.seq, delivery.message), (seq, id));
    }
    assert!(world.claim("chat", 10, NOW).await.is_empty());
}

/// What is received is what was sent, byte by byte, under a lease.
pub async fn a_claim_hands_out_what_was_sent(store: &Store) {
    let world = World::new(store).await;
    let message = world.message(&["chat", "other"]);
    let seq = world.send(&message).await;
    let claim = world.claim("chat", 10, NOW).await.pop().expect("one");
    assert_eq!(claim.data, serde_json::to_string(&message).expect("JSON"));
    let delivery = claim.delivery;
    assert_eq!((delivery.state, delivery.attempt, delivery.seq), (State::Leased, 1, seq));
    assert_eq!((delivery.lease_expires_at, delivery.delivered_at), (Some(NOW.plus(LEASE)), Some(NOW)));
    assert_ne!(delivery.lease, 0);
    assert_eq!(world.delivery("chat", message.id).await, delivery);
    assert_eq!(world.delivery("other", message.id).await.state, State::Pending);
    assert_eq!(world.log().await.last().map(|event| event.kind), Some(EventKind::MessageDelivered));
}

/// However many ask at once, each delivery goes to one of them.
pub async fn two_claims_never_take_the_same(store: &Store) {
    let world = World::new(store).await;
    for _ in 0..60 {
        world.sent(&["chat"]).await;
    }
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (store, change) = (store.clone(), world.change(NOW, world.claiming("chat", 3)));
        running.spawn(async move { store.commit(change).await.expect("claimed").outcome });
    }
    let taken: Vec<_> = running.join_all().await.into_iter().flatten().map(|claim| claim.delivery).collect();
    let distinct: BTreeSet<i64> = taken.iter().map(|delivery| delivery.seq).collect();
    let receipts: BTreeSet<String> = taken.iter().map(|delivery| delivery.receipt().to_string()).collect();
    assert_eq!((taken.len(), distinct.len(), receipts.len()), (60, 60, 60));
}

/// The rest stays for others.
pub async fn a_claim_takes_no_more_than_it_asks_for(store: &Store) {
    let world = World::new(store).await;
    for _ in 0..5 {
        world.sent(&["chat"]).await;
    }
    for (max, expected) in [(2, 2), (1, 1), (10, 2), (10, 0)] {
        assert_eq!(world.claim("chat", max, NOW).await.len(), expected);
    }
    assert_eq!(store.inbox_counts(world.tenant, "chat").await.expect("counts"), [0, 5, 0, 0, 0, 0]);
}

/// What is no longer worth reading is not handed out, even before it is said to have expired.
pub async fn what_has_expired_is_not_claimed(store: &Store) {
    let world = World::new(store).await;
    let until = |expires_at: Time| Message { expires_at: Some(expires_at), ..world.message(&["chat"]) };
    world.send(&until(at(10))).await;
    world.send(&Message { recipients: vec![name("late")], ..until(at(10)) }).await;
    let seq = world.send(&until(at(11))).await;
    for push in [true, false] {
        let claim =
            Claim { agent: name("late"), max: 1, lease: LEASE, secret: 5, push, filter: ReceiveFilter::default() };
        let claimed = store.commit(world.change(at(10), claim)).await.expect("claimed").outcome;
        assert!(claimed.is_empty());
    }
    let taken = world.claim("chat", 10, at(10)).await;
    assert_eq!(taken.iter().map(|claim| claim.delivery.seq).collect::<Vec<_>>(), [seq]);
}
