//! Inboxes: looking without changing anything.

use domain::State;
use domain::message::{Message, MessageId, Priority};

use super::world::{NOW, World, ack, at, name, terminate};
use crate::Store;

/// Pages of an inbox put together.
async fn all(world: &World<'_>, agent: &str, state: State) -> Vec<(i64, i64)> {
    let (mut found, mut after) = (Vec::new(), (-1, 0));
    loop {
        let page = world.store.inbox(world.tenant, agent, state, after, 3).await.expect("an inbox");
        for item in &page {
            assert_eq!((item.delivery.state, item.message.id), (state, item.delivery.message));
            found.push((item.delivery.priority.code(), item.delivery.seq));
        }
        let Some(last) = found.last().filter(|_| !page.is_empty()) else { return found };
        after = *last;
    }
}

/// The order in which an inbox is read is the order in which it would be received.
pub async fn an_inbox_is_read_by_lane_and_then_first_in_first_out(store: &Store) {
    let world = World::new(store).await;
    let mut expected = Vec::new();
    for n in 0..20_usize {
        let priority = Priority::ALL[(n * 7) % 4];
        let seq = world.send(&Message { priority, ..world.message(&["chat", "other"]) }).await;
        expected.push((priority.code(), seq));
    }
    expected.sort_unstable();
    assert_eq!(all(&world, "chat", State::Pending).await, expected);
    let head = world.head().await;
    assert_eq!(all(&world, "other", State::Pending).await, expected);
    assert_eq!(world.head().await, head);
    assert!(all(&world, "nobody", State::Pending).await.is_empty());
}

/// Each state by itself, in the same order, with counts that agree.
pub async fn an_inbox_shows_one_state_at_a_time(store: &Store) {
    let world = World::new(store).await;
    for n in 0..24_i64 {
        let lasting = Message { deliver_at: (n % 6 == 2).then(|| at(1_000)), ..world.message(&["chat"]) };
        let priority = if n % 6 == 1 || n % 6 == 3 { Priority::Critical } else { Priority::Normal };
        let brief = Message { expires_at: (n % 6 == 4).then(|| at(10)), priority, ..lasting };
        let seq = world.send(&brief).await;
        if n % 6 == 5 {
            world.settle("chat", brief.id, terminate()).await.expect("terminated");
        }
        if n % 6 == 1 || n % 6 == 3 {
            let held = world.claim_one("chat", NOW).await;
            assert_eq!(held.seq, seq, "its lane is first");
            if n % 6 == 3 {
                world.settle("chat", brief.id, ack(held.receipt())).await.expect("acked");
            }
        }
    }
    world.elapse_all(at(10)).await;
    for state in State::ALL {
        let found = all(&world, "chat", *state).await;
        assert_eq!(found.len(), 4, "{state}");
        assert!(found.is_sorted(), "{state}");
    }
    assert_eq!(store.inbox_counts(world.tenant, "chat").await.expect("counts"), [4; 6]);
    let other = World::of(store, "other").await;
    other.sent(&["chat"]).await;
    assert_eq!(store.inbox_counts(world.tenant, "chat").await.expect("counts"), [4; 6]);
    // The bounces of eight went to the sender.
    assert_eq!(store.all_counts().await.expect("counts"), [4 + 8 + 1, 4, 4, 4, 4, 4]);
    assert_eq!(store.inbox_counts(world.tenant, "nobody").await.expect("counts"), [0; 6]);
    assert!(world.claim("nobody", 1, NOW).await.is_empty());
}

/// Dead letters of everybody or of one, oldest first.
pub async fn dead_letters_are_read_in_pages_and_by_agent(store: &Store) {
    let world = World::new(store).await;
    let mut dead: Vec<(i64, &str, MessageId)> = Vec::new();
    for n in 0..6 {
        let message = world.message(&["chat", "other"]);
        let seq = world.send(&message).await;
        for agent in ["chat", "other"] {
            if n % 2 == 0 {
                world.settle(agent, message.id, terminate()).await.expect("terminated");
                dead.push((seq, agent, message.id));
            }
        }
        world.send(&Message { expires_at: Some(at(1)), ..world.message(&["chat"]) }).await;
    }
    world.elapse_all(at(1)).await;
    for agent in [None, Some("chat"), Some("nobody")] {
        let agents = agent.map(|agent| vec![name(agent)]);
        let (mut found, mut after) = (Vec::new(), (0, String::new()));
        loop {
            let page =
                store.dead_letters(world.tenant, agents.as_deref(), (after.0, &after.1), 2).await.expect("letters");
            let Some(last) = page.last() else { break };
            after = (last.delivery.seq, last.delivery.agent.to_string());
            found.extend(
                page.into_iter().map(|item| (item.delivery.seq, item.delivery.agent.to_string(), item.message.id)),
            );
        }
        let expected = dead.iter().filter(|(_, recipient, _)| agent.is_none_or(|agent| agent == *recipient));
        let expected: Vec<_> = expected.map(|(seq, agent, id)| (*seq, (*agent).to_owned(), *id)).collect();
        assert_eq!(found, expected, "{agent:?}");
    }
}
