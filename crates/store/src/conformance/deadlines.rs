//! Deadlines: what happens by itself when its time has come.

use domain::delivery::Verb;
use domain::event::EventKind;
use domain::message::{Message, Priority};
use domain::{Span, State, Time};

use super::world::{NOW, World, at, name};
use crate::{Due, Store};

async fn due(store: &Store, now: Time) -> Vec<i64> {
    let mut due: Vec<i64> = store.due(now, 100).await.expect("what is due").into_iter().map(|due| due.seq).collect();
    due.sort_unstable();
    due
}

/// Everything due in every tenant is found, each at its time.
pub async fn what_is_due_is_found_and_what_is_not_is_left(store: &Store) {
    let world = World::new(store).await;
    let other = World::of(store, "other").await;
    world.sent(&["chat"]).await;
    world.send(&Message { expires_at: Some(at(10)), ..world.message(&["chat"]) }).await;
    world.send(&Message { deliver_at: Some(at(20)), ..world.message(&["chat"]) }).await;
    world.send(&Message { ack_within: Some(Span::from_secs(30)), ..world.message(&["chat"]) }).await;
    other.send(&Message { expires_at: Some(at(40)), ..other.message(&["chat"]) }).await;
    for (secs, expected) in [(9, &[][..]), (10, &[2]), (20, &[2, 3]), (30, &[2, 3, 4]), (40, &[1, 2, 3, 4])] {
        assert_eq!(due(store, at(secs)).await, expected, "after {secs} s");
    }
    assert_eq!(store.due(at(40), 2).await.expect("what is due").len(), 2);
    let there = Due { tenant: other.tenant, agent: name("chat"), seq: 1 };
    assert!(store.due(at(40), 100).await.expect("what is due").contains(&there));
}

/// A lease comes back by itself, and whoever waits is woken.
pub async fn a_lease_that_runs_out_is_claimable_again(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    world.claim_one("chat", NOW).await;
    assert!(world.claim("chat", 1, at(59)).await.is_empty());
    assert!(!world.elapse("chat", 1, at(59)).await);
    world.elapse_all(at(60)).await;
    assert_eq!(world.delivery("chat", id).await.state, State::Pending);
    assert_eq!(world.claim_one("chat", at(60)).await.attempt, 2);
}

/// After as many leases as the policy allows it is given up.
pub async fn the_last_lease_that_runs_out_is_dead_and_bounced(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    for attempt in 1..=5 {
        assert_eq!(world.claim_one("chat", at(attempt * 100)).await.attempt, attempt);
        world.elapse_all(at(attempt * 100 + 60)).await;
    }
    assert_eq!(world.delivery("chat", id).await.state, State::Dead);
    let bounces = world.pending("code").await;
    assert_eq!(bounces.len(), 1);
    assert!(bounces[0].body.contains("attempt 5"), "{}", bounces[0].body);
    assert!(due(store, at(1_000_000)).await.is_empty());
}

/// What is no longer worth reading says so to its sender, once, unless somebody has it in hand.
pub async fn what_expires_is_bounced_once(store: &Store) {
    let world = World::new(store).await;
    let message = Message { expires_at: Some(at(10)), ..world.message(&["chat", "other"]) };
    world.send(&message).await;
    world.claim_one("other", NOW).await;
    world.elapse_all(at(10)).await;
    assert_eq!(world.delivery("chat", message.id).await.state, State::Expired);
    assert_eq!(world.delivery("other", message.id).await.state, State::Leased);
    assert_eq!(world.pending("code").await.len(), 1);
    world.elapse_all(at(60)).await;
    assert_eq!(world.delivery("other", message.id).await.state, State::Expired);
    assert_eq!(world.pending("code").await.len(), 2);
}

/// A deferral until a time ends at that time.
pub async fn a_deferral_ends_by_itself(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    let verb = Verb::Defer { receipt: None, until: Some(at(10)), trigger: Some("or-this".into()), reason: None };
    world.settle("chat", id, verb).await.expect("deferred");
    world.elapse_all(at(9)).await;
    assert!(world.pending("chat").await.is_empty());
    world.elapse_all(at(10)).await;
    assert_eq!(world.pending("chat").await.len(), 1);
    assert_eq!(world.delivery("chat", id).await.trigger, None);
}

/// First the recipient hears of it, then the final authority, each once.
pub async fn a_missed_ack_is_reminded_then_escalated(store: &Store) {
    let world = World::new(store).await;
    let message = Message { ack_within: Some(Span::from_secs(10)), ..world.message(&["chat"]) };
    world.send(&message).await;
    world.elapse_all(at(10)).await;
    let inbox = world.pending("chat").await;
    assert_eq!(inbox.iter().map(|message| message.from.as_str()).collect::<Vec<_>>(), ["system", "code"]);
    assert!(world.pending("human").await.is_empty());
    world.elapse_all(at(20)).await;
    let escalation = world.pending("human").await.pop().expect("an escalation");
    assert_eq!((escalation.priority, escalation.in_reply_to), (Priority::Critical, Some(message.id)));
    world.elapse_all(at(1_000_000)).await;
    assert_eq!((world.pending("chat").await.len(), world.pending("human").await.len()), (2, 1));
    world.verify().await;
}

/// After a long standstill everything that was missed is done at once.
pub async fn what_ran_out_long_ago_is_done_in_one_step(store: &Store) {
    let world = World::new(store).await;
    let within = Some(Span::from_secs(10));
    let message = Message { ack_within: within, expires_at: Some(at(50)), ..world.message(&["chat"]) };
    let seq = world.send(&message).await;
    world.claim_one("chat", NOW).await;
    assert!(world.elapse("chat", seq, at(1_000)).await);
    assert_eq!(world.delivery("chat", message.id).await.state, State::Expired);
    let kinds: Vec<EventKind> = world.log().await.iter().map(|event| event.kind).collect();
    let (sent, delivered) = (EventKind::MessageSent, EventKind::MessageDelivered);
    assert_eq!(kinds, [sent, delivered, EventKind::MessageReturned, EventKind::MessageExpired, sent]);
    world.verify().await;
}

/// A timer that comes too early, too late or twice does nothing.
pub async fn what_is_not_due_is_left_as_it_is(store: &Store) {
    let world = World::new(store).await;
    let seq = world.send(&Message { deliver_at: Some(at(10)), ..world.message(&["chat"]) }).await;
    assert!(!world.elapse("chat", seq, at(9)).await);
    assert!(world.elapse("chat", seq, at(10)).await);
    assert!(!world.elapse("chat", seq, at(11)).await);
    assert!(!world.elapse("nobody", seq, at(11)).await);
    assert_eq!(world.head().await, 2);
}
