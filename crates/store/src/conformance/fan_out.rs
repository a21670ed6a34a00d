//! Fan-out: recipients beyond those written with the message, in parts.

use domain::message::Message;
use domain::{AgentName, State};

use super::world::{World, name};
use crate::{Error, FanOut, Result, Store};

fn part(seq: i64, after: &str, agents: &[&str], done: bool) -> FanOut {
    FanOut { seq, after: after.to_owned(), agents: agents.iter().map(|agent| name(agent)).collect(), done }
}

async fn begun(world: &World<'_>) -> (Message, i64) {
    let message = Message { fan_out: true, ..world.message(&[]) };
    let seq = world.send(&message).await;
    (message, seq)
}

async fn unfinished(world: &World<'_>) -> Vec<(i64, String)> {
    let mut unfinished = Vec::new();
    for seq in world.store.fanning_out(world.tenant, 10).await.expect("read") {
        let last = world.store.fan_out_of(world.tenant, seq).await.expect("read");
        unfinished.push((seq, last.expect("a place to go on")));
    }
    unfinished
}

/// Each part is an event, notifies its recipients, and moves the place where the next one begins.
pub async fn a_fan_out_is_written_in_parts_and_then_done(store: &Store) {
    let world = World::new(store).await;
    world.sent(&["chat"]).await;
    let (message, seq) = begun(&world).await;
    assert_eq!(unfinished(&world).await, [(seq, String::new())]);
    let done = world.commit(part(seq, "", &["a", "b"], false)).await.expect("written");
    assert_eq!(done.notify, [name("a"), name("b")]);
    assert_eq!(unfinished(&world).await, [(seq, "b".to_owned())]);
    let stored = async || store.message_at(world.tenant, seq).await.expect("read").expect("a message");
    assert!(stored().await.fanning_out);
    world.commit(part(seq, "b", &["c"], true)).await.expect("written");
    assert_eq!(unfinished(&world).await, []);
    assert_eq!(store.fan_out_of(world.tenant, seq).await.expect("read"), None);
    assert!(!stored().await.fanning_out);
    for agent in ["a", "b", "c"] {
        let delivery = world.delivery(agent, message.id).await;
        assert_eq!((delivery.seq, delivery.state), (seq, State::Pending));
        assert_eq!(world.claim_one(agent, super::world::NOW).await.message, message.id);
    }
    world.verify().await;
}

/// A worker that comes late or twice writes nothing.
pub async fn a_part_that_does_not_follow_the_last_one_is_a_conflict(store: &Store) {
    let world = World::new(store).await;
    let (_, seq) = begun(&world).await;
    let conflict = |result: Result<_>| assert!(matches!(result, Err(Error::Conflict)), "{result:?}");
    world.commit(part(seq, "", &["a"], false)).await.expect("written");
    conflict(world.commit(part(seq, "", &["a"], false)).await);
    conflict(world.commit(part(seq + 1, "", &["a"], false)).await);
    world.commit(part(seq, "a", &[], true)).await.expect("written");
    conflict(world.commit(part(seq, "a", &["b"], true)).await);
    conflict(world.commit(part(seq, "~", &["b"], true)).await);
    assert_eq!(world.head().await, 3);
    world.verify().await;
}

/// Who gets it is told in the order of writing, as far as it is written.
pub async fn recipients_of_every_part_are_told(store: &Store) {
    let world = World::new(store).await;
    let recipients =
        async |message: &Message| -> Vec<AgentName> { store.recipients(world.tenant, message).await.expect("read") };
    let (message, seq) = begun(&world).await;
    assert!(recipients(&message).await.is_empty());
    world.commit(part(seq, "", &["a", "b"], false)).await.expect("written");
    world.commit(part(seq, "b", &["c"], true)).await.expect("written");
    assert_eq!(recipients(&message).await, [name("a"), name("b"), name("c")]);
    let plain = world.message(&["z", "y"]);
    world.send(&plain).await;
    assert_eq!(recipients(&plain).await, [name("z"), name("y")]);
}
