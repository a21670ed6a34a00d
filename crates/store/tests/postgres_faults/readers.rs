//! Readers of a log that several processes write.

use domain::Digest;
use store::conformance::world::{NOW, World, sending};
use store::{EventFilter, Store};
use testkit::postgres::Postgres;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::{SOON, database, message, stores};

const WRITERS: usize = 4;
const READERS: usize = 2;
const EACH: usize = 120;

/// Writes one message after the other, and two at a time now and then.
async fn write(store: Store, number: usize) {
    let world = World::new(&store).await;
    for count in 0..EACH {
        let change = || world.change(NOW, sending(&message(&world, number), None));
        if count % 3 == 0 {
            for outcome in store.commit_all(vec![change(), change()]).await {
                outcome.expect("committed");
            }
        } else {
            store.commit(change()).await.expect("committed");
        }
    }
}

/// Follows the log until it has seen so many events; each follows the one before, by number and by hash.
async fn read(store: Store, end: i64) {
    let world = World::new(&store).await;
    let (mut after, mut hash) = (0, Digest::ZERO);
    while after < end {
        for event in store.events(world.tenant, &EventFilter::default(), after, 50).await.expect("read") {
            assert_eq!((event.seq, event.previous), (after + 1, hash), "an event was skipped");
            (after, hash) = (event.seq, event.hash);
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_skips_nothing_while_several_processes_commit() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    let mut stores = stores(&database(&postgres), WRITERS + READERS).await;
    World::new(&stores[0]).await;
    let end = (WRITERS * (EACH + EACH / 3)) as i64;
    let mut running = JoinSet::new();
    for reader in stores.split_off(WRITERS) {
        running.spawn(read(reader, end));
    }
    let checked = stores[0].clone();
    for (number, writer) in stores.into_iter().enumerate() {
        running.spawn(write(writer, number));
    }
    timeout(SOON, running.join_all()).await.expect("in time");
    let world = World::new(&checked).await;
    assert_eq!(world.head().await, end);
    world.verify().await;
}
