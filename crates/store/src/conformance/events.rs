//! Events: read by position, type, agent and message.

use domain::Digest;
use domain::event::{Event, EventKind};

use super::world::{NOW, World, ack, name, terminate};
use crate::{EventFilter, Store};

async fn busy(world: &World<'_>) {
    for n in 0..12 {
        let id = world.sent(&["chat", "other"]).await;
        let held = world.claim_one("chat", NOW).await;
        match n % 3 {
            0 => world.settle("chat", id, ack(held.receipt())).await,
            1 => world.settle("other", id, terminate()).await,
            _ => world.settle("chat", id, terminate()).await,
        }
        .expect("settled");
    }
}

fn wanted(filter: &EventFilter, event: &Event) -> bool {
    filter.kind.is_none_or(|kind| kind == event.kind)
        && filter.agent.as_ref().is_none_or(|agent| event.agent.as_ref() == Some(agent))
        && filter.message.is_none_or(|message| event.message == Some(message))
}

/// Every filter and combination, page by page.
pub async fn every_filter_of_events_finds_what_a_reader_would_pick_by_hand(store: &Store) {
    let world = World::new(store).await;
    World::of(store, "noise").await.sent(&["chat"]).await;
    busy(&world).await;
    let log = world.log().await;
    let message = log.iter().find_map(|event| event.message);
    let kinds = [None, Some(EventKind::MessageSent), Some(EventKind::MessageDead), Some(EventKind::KeyCreated)];
    let agents = [None, Some(name("code")), Some(name("chat")), Some(name("system")), Some(name("nobody"))];
    for kind in kinds {
        for agent in &agents {
            for message in [None, message, Some(world.message(&[]).id)] {
                let filter = EventFilter { kind, agent: agent.clone(), message };
                let expected: Vec<&Event> = log.iter().filter(|event| wanted(&filter, event)).collect();
                let found = pages(&world, &filter).await;
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
            }
        }
    }
}

async fn pages(world: &World<'_>, filter: &EventFilter) -> Vec<Event> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = world.store.events(world.tenant, filter, after, 4).await.expect("events");
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { return found };
        after = last.seq;
        found.extend(page);
    }
}

/// One event by its position, linked to the one before.
pub async fn an_event_knows_the_hash_before_it(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    world.claim_one("chat", NOW).await;
    let event = async |seq| store.event(world.tenant, seq).await.expect("read");
    let first = event(1).await.expect("the first");
    let second = event(2).await.expect("the second");
    assert_eq!((first.previous, second.previous), (Digest::ZERO, first.hash));
    assert_eq!((first.message, first.agent), (Some(id), Some(name("code"))));
    assert_eq!((second.message, second.agent), (Some(id), Some(name("chat"))));
    assert_eq!((event(0).await, event(3).await), (None, None));
}
