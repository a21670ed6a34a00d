//! Claims and acks by several processes at once.

use std::collections::BTreeSet;

use domain::State;
use store::conformance::world::{NOW, World, ack};
use store::{Claimed, Store};
use testkit::postgres::Postgres;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::{SOON, database, stores};

const PROCESSES: usize = 3;
const CLAIMERS: usize = 3;
const MESSAGES: usize = 240;

/// Claims until nothing is left, acks every second one, and answers everything in the order in which it came.
async fn take_all(store: Store, max: usize) -> Vec<Claimed> {
    let world = World::new(&store).await;
    let mut taken = Vec::new();
    loop {
        let change = world.change(NOW, world.claiming("chat", max));
        let part = store.commit(change).await.expect("claimed").outcome;
        if part.is_empty() {
            return taken;
        }
        for claim in part.iter().step_by(2) {
            let receipt = claim.delivery.receipt();
            world.settle("chat", claim.delivery.message, ack(receipt)).await.expect("acked");
        }
        taken.extend(part);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_delivery_is_leased_twice_by_processes_that_compete_and_each_sees_its_order() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    let stores = stores(&database(&postgres), PROCESSES).await;
    let world = World::new(&stores[0]).await;
    for _ in 0..MESSAGES {
        world.sent(&["chat"]).await;
    }
    let mut running = JoinSet::new();
    for (store, claimer) in stores.iter().flat_map(|store| (1..=CLAIMERS).map(move |claimer| (store, claimer))) {
        running.spawn(take_all(store.clone(), claimer));
    }
    let taken = timeout(SOON, running.join_all()).await.expect("in time");
    for own in &taken {
        assert!(own.is_sorted_by_key(|claim| claim.delivery.seq), "a claimer received out of order");
    }
    let all: Vec<&Claimed> = taken.iter().flatten().collect();
    let distinct: BTreeSet<i64> = all.iter().map(|claim| claim.delivery.seq).collect();
    assert_eq!((all.len(), distinct.len()), (MESSAGES, MESSAGES), "each went to one");
    assert!(all.iter().all(|claim| claim.delivery.attempt == 1 && claim.delivery.state == State::Leased));
    let counts = stores[1].inbox_counts(world.tenant, "chat").await.expect("counts");
    assert_eq!(counts.iter().sum::<i64>(), MESSAGES as i64);
    world.verify().await;
}
