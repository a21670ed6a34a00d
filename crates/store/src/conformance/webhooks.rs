//! Webhooks: one push to an agent at a time, pauses, and secrets.

use domain::event::{EventKind, NewEvent};
use domain::filter::ReceiveFilter;
use domain::webhook::{SigningSecret, WebhookSecrets};
use domain::{Delivery, Priority, Time};

use super::world::{LEASE, NOW, World, ack, at, name};
use crate::{Claim, Fact, Store};

/// The delivery that a push claims, if any.
async fn pushed(world: &World<'_>, agent: &str, now: Time) -> Option<Delivery> {
    let claim = Claim {
        agent: name(agent),
        max: 1,
        lease: LEASE,
        secret: world.draw() << 32,
        push: true,
        filter: ReceiveFilter::default(),
    };
    let committed = world.store.commit(world.change(now, claim)).await.expect("claimed");
    committed.outcome.into_iter().next().map(|claim| claim.delivery)
}

async fn pushable(world: &World<'_>, now: Time) -> Vec<String> {
    let agents = ["chat", "code", "human"].map(name);
    let found = world.store.pushable(world.tenant, &agents, now).await.expect("asked");
    found.into_iter().map(String::from).collect()
}

/// However many push, an agent is pushed one message at a time, in the order in which it would receive them.
pub async fn a_push_waits_until_the_one_before_it_is_settled(store: &Store) {
    let world = World::new(store).await;
    let first = world.sent(&["chat", "code"]).await;
    let second = world.sent(&["chat"]).await;
    let urgent = domain::Message { priority: Priority::Critical, ..world.message(&["chat"]) };
    world.send(&urgent).await;
    let push = pushed(&world, "chat", NOW).await.expect("one");
    assert_eq!(push.message, urgent.id, "the first lane goes first");
    assert_eq!(pushed(&world, "chat", NOW).await, None, "one at a time");
    assert_eq!(pushed(&world, "code", NOW).await.map(|push| push.message), Some(first), "of each agent");
    world.settle("chat", push.message, ack(push.receipt())).await.expect("acked");
    assert_eq!(pushed(&world, "chat", NOW).await.map(|push| push.message), Some(first));
    assert_eq!(world.claim_one("chat", NOW).await.message, second, "whoever asks by itself does not wait");
    world.verify().await;
}

/// Who pushed may be gone: when the lease has run out the same message is pushed again, before those behind it.
pub async fn a_push_whose_lease_ran_out_is_made_again(store: &Store) {
    let world = World::new(store).await;
    let (first, _) = (world.sent(&["chat"]).await, world.sent(&["chat"]).await);
    assert_eq!(pushed(&world, "chat", NOW).await.map(|push| push.message), Some(first));
    assert_eq!(pushed(&world, "chat", at(59)).await, None);
    world.elapse_all(at(60)).await;
    let again = pushed(&world, "chat", at(60)).await.expect("the same");
    assert_eq!((again.message, again.attempt), (first, 2));
}

/// A receiver that takes a delivery over and settles it later does not hold up those behind it.
pub async fn a_push_that_is_taken_over_lets_the_next_begin(store: &Store) {
    let world = World::new(store).await;
    let (_, second) = (world.sent(&["chat"]).await, world.sent(&["chat"]).await);
    let push = pushed(&world, "chat", NOW).await.expect("one");
    let foreign = domain::delivery::Receipt { lease: push.lease + 1, ..push.receipt() };
    store.end_push(world.tenant, &name("chat"), foreign).await.expect("done");
    assert_eq!(pushed(&world, "chat", NOW).await, None, "another lease's end is not this one's");
    store.end_push(world.tenant, &name("chat"), push.receipt()).await.expect("done");
    assert_eq!(pushed(&world, "chat", NOW).await.map(|push| push.message), Some(second));
    world.settle("chat", push.message, ack(push.receipt())).await.expect("its lease still runs");
}

/// A pause holds for every message of the agent, ends by itself, and is never made shorter.
pub async fn pushes_pause_until_their_time(store: &Store) {
    let world = World::new(store).await;
    world.sent(&["chat", "code"]).await;
    for until in [at(20), at(10)] {
        store.pause_pushes(world.tenant, &name("chat"), until).await.expect("paused");
    }
    assert_eq!(pushed(&world, "chat", at(19)).await, None);
    assert_eq!(pushable(&world, at(19)).await, ["code"]);
    assert_eq!(pushable(&world, at(20)).await, ["chat", "code"]);
    assert!(pushed(&world, "chat", at(20)).await.is_some());
}

/// Who has nothing pending, or is being pushed to, need not be looked at.
pub async fn who_can_be_pushed_to_is_found(store: &Store) {
    let world = World::new(store).await;
    let other = World::of(store, "other").await;
    other.sent(&["human"]).await;
    assert_eq!(pushable(&world, NOW).await, [""; 0]);
    world.sent(&["code", "chat"]).await;
    world.sent(&["code", "chat"]).await;
    assert_eq!(pushable(&world, NOW).await, ["chat", "code"]);
    pushed(&world, "chat", NOW).await.expect("one");
    assert_eq!(pushable(&world, NOW).await, ["code"], "chat is being pushed to");
    assert_eq!(pushable(&other, NOW).await, ["human"]);
}

/// The secret before the newest stays known, with the time until which it signs along.
pub async fn a_new_secret_keeps_the_one_before_it(store: &Store) {
    let world = World::new(store).await;
    let secrets = async || store.webhook_secrets(world.tenant, &name("chat")).await.expect("read");
    let put = async |byte: u8, until: Time| {
        let event = NewEvent::of(EventKind::WebhookSecretRotated, NOW, &"chat").about(&name("chat"));
        let secret = SigningSecret([byte; 32]);
        let fact = Fact::WebhookSecret { agent: name("chat"), secret, previous_until: until };
        world.record(vec![event], vec![fact]).await;
        secret
    };
    assert_eq!(secrets().await, None);
    let first = put(1, at(5)).await;
    assert_eq!(secrets().await, Some(WebhookSecrets { current: first, previous: None }));
    let second = put(2, at(9)).await;
    assert_eq!(secrets().await, Some(WebhookSecrets { current: second, previous: Some((first, at(9))) }));
    assert_eq!(store.webhook_secrets(world.tenant, &name("code")).await.expect("read"), None);
}
