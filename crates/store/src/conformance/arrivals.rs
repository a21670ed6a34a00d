//! Arrivals: what a stream of an inbox shows, and where it resumes.

use domain::delivery::Verb;
use domain::message::{Message, MessageId};
use domain::{Span, State};

use super::world::{NOW, World, at, name, terminate};
use crate::{FanOut, Store, Trigger};

async fn page(world: &World<'_>, after: i64, limit: usize) -> (Vec<(i64, MessageId)>, i64) {
    let (found, covered) = world.store.arrivals(world.tenant, &name("chat"), after, limit).await.expect("arrivals");
    (found.into_iter().map(|(at, found)| (at, found.message.id)).collect(), covered)
}

/// Does every kind of thing that makes something arrive, with noise between; answers what arrives where.
async fn busy(world: &World<'_>) -> Vec<(i64, MessageId)> {
    let mut arrived = Vec::new();
    let noise = async || {
        for _ in 0..3 {
            world.sent(&["other"]).await;
        }
    };
    for _ in 0..4 {
        let plain = world.message(&["chat", "other"]);
        arrived.push((world.send(&plain).await, plain.id));
        noise().await;
    }
    // Sent for later: it arrives when its time has come.
    let later = Message { deliver_at: Some(at(10)), ..world.message(&["chat"]) };
    world.send(&later).await;
    // Fanned out: it arrives where its part is written, the second one when its time has come.
    let wide = Message { fan_out: true, ..world.message(&[]) };
    let wide_later = Message { fan_out: true, deliver_at: Some(at(20)), ..world.message(&[]) };
    for message in [&wide, &wide_later] {
        let seq = world.send(message).await;
        noise().await;
        for (after, agent, done) in [("", "a", false), ("a", "chat", false), ("chat", "d", true)] {
            let part = FanOut { seq, after: after.to_owned(), agents: vec![name(agent)], done };
            world.commit(part).await.expect("written");
            if agent == "chat" && message.id == wide.id {
                arrived.push((world.head().await, message.id));
            }
        }
    }
    // Given back, put off, brought back.
    let held = world.claim_one("chat", NOW).await;
    let nack = Verb::Nack { receipt: held.receipt(), delay: None, reason: None };
    world.settle("chat", held.message, nack).await.expect("given back");
    arrived.push((world.head().await, held.message));
    noise().await;
    let held = world.claim_one("chat", NOW).await;
    let nack = Verb::Nack { receipt: held.receipt(), delay: Some(Span::from_secs(30)), reason: None };
    world.settle("chat", held.message, nack).await.expect("given back for later");
    for (secs, id) in [(10, later.id), (20, wide_later.id), (30, held.message)] {
        world.elapse_all(at(secs)).await;
        let log = world.log().await;
        let mine = |event: &&domain::Event| event.agent == Some(name("chat")) && event.message == Some(id);
        arrived.push((log.iter().rfind(mine).expect("it came back").seq, id));
    }
    let next = world.claim_one("chat", at(30)).await.message;
    world.settle("chat", next, terminate()).await.expect("terminated");
    world.settle("chat", next, Verb::Redrive).await.expect("redriven");
    arrived.push((world.head().await, next));
    let trigger = Verb::Defer { receipt: None, until: None, trigger: Some("built".into()), reason: None };
    world.settle("chat", next, trigger).await.expect("deferred");
    noise().await;
    world.commit(Trigger { name: "built".to_owned(), max: 10 }).await.expect("triggered");
    arrived.push((world.head().await, next));
    arrived
}

/// Sent, fanned out, deferred and returned, given back, redriven, triggered: each shows once, where it became visible.
pub async fn every_kind_of_arrival_comes_once_and_in_order(store: &Store) {
    let world = World::new(store).await;
    let expected = busy(&world).await;
    let (found, covered) = page(&world, 0, 1_000).await;
    assert_eq!(found, expected);
    assert_eq!(covered, world.head().await);
    assert_eq!(world.delivery("chat", expected[0].1).await.state, State::Pending);
    let (nothing, covered) = page(&world, covered, 1_000).await;
    assert_eq!((nothing.len(), covered), (0, world.head().await));
}

/// Whatever the size of its pages and wherever it begins, a reader sees every arrival after that once.
pub async fn a_reader_that_resumes_anywhere_misses_and_repeats_nothing(store: &Store) {
    let world = World::new(store).await;
    let expected = busy(&world).await;
    let head = world.head().await;
    for limit in [1, 2, 3, 7] {
        for start in 0..=head {
            let (mut found, mut after) = (Vec::new(), start);
            while after < head {
                let (some, covered) = page(&world, after, limit).await;
                assert!(covered > after, "a page of {limit} after {after} goes on");
                found.extend(some);
                after = covered;
            }
            let rest: Vec<_> = expected.iter().filter(|(at, _)| *at > start).copied().collect();
            assert_eq!(found, rest, "pages of {limit} after {start}");
        }
    }
}
