//! Writes that the operating system refuses in the middle: each change is whole or not there, and the store goes on when writing
//! is possible again.
//!
//! The limit holds for the whole process, so this file holds one test.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use store::conformance::world::{NOW, World, sending};
use store::{Committed, Options, SendOutcome, Store};
use tokio::signal::unix::{SignalKind, signal};

/// `SIGXFSZ`: ends a process that writes beyond its limit, unless somebody handles it.
const FILE_TOO_LARGE: i32 = 25;

fn limit(bytes: Option<u64>) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum }).expect("a limit");
}

/// Sends so many at once.
async fn send(world: &World<'_>, count: usize) -> Vec<store::Result<Committed<SendOutcome>>> {
    let changes = (0..count).map(|_| world.change(NOW, sending(&world.message(&["chat", "other"]), None)));
    world.store.commit_all(changes.collect()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_in_the_middle_leaves_every_change_whole_or_undone() {
    let _handled = signal(SignalKind::from_raw(FILE_TOO_LARGE)).expect("handled");
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open_sqlite(folder.path(), Options::default()).expect("a store");
    let world = World::new(&store).await;
    send(&world, 20).await.into_iter().for_each(|outcome| drop(outcome.expect("sent")));

    // Every further limit stops the writes at another byte of a page.
    let (mut sent, mut failed) = (20, 0);
    for step in 1..12_u64 {
        let size = std::fs::metadata(folder.path().join("coordination.db-wal")).expect("a log").len();
        limit(Some(size + step * 7_919));
        let outcomes = send(&world, 30).await;
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        (sent, failed) = (sent + 30 - refused, failed + refused);
        assert_eq!(
            world.log().await.len(),
            sent,
            "reads go on and show what was confirmed: {:?}",
            outcomes.iter().find(|o| o.is_err())
        );
        limit(None);
        send(&world, 1).await.remove(0).expect("sent again");
        sent += 1;
        world.verify().await;
    }
    assert!(failed > 30, "{failed} were refused");
    assert_eq!((world.log().await.len(), world.pending("chat").await.len()), (sent, sent));
    store.close().await;
    let again = Store::open_sqlite(folder.path(), Options::default()).expect("a store");
    let world = World::new(&again).await;
    assert_eq!(world.log().await.len(), sent);
    world.verify().await;
    again.close().await;
}
