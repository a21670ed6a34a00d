//! A store that is opened on a full disk: it is read, refuses changes, and takes them again when there is room.
//!
//! The limit holds for the whole process, so this file holds one test.

use std::fs;
use std::path::Path;

use domain::TenantId;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use store::conformance::world::{NOW, World, sending};
use store::{Error, MessageFilter, Options, Store};
use tokio::signal::unix::{SignalKind, signal};

/// `SIGXFSZ`: ends a process that writes beyond its limit, unless somebody handles it.
const FILE_TOO_LARGE: i32 = 25;

fn limit(bytes: Option<u64>) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum }).expect("a limit");
}

fn open(folder: &Path) -> Store {
    Store::open_sqlite(folder, Options::default()).expect("a store")
}

async fn found(store: &Store) -> store::Result<usize> {
    let filter = MessageFilter { q: Some("subject".to_owned()), ..MessageFilter::default() };
    Ok(store.search(TenantId::DEFAULT, &filter, None, 100).await?.len())
}

async fn try_to_send(store: &Store) -> store::Result<()> {
    let world = World::new(store).await;
    // Ids are drawn: those of the messages that are here are passed over.
    for _ in 0..world.head().await {
        world.draw();
    }
    let message = world.message(&["chat"]);
    store.commit(world.change(NOW, sending(&message, None))).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_opened_on_a_full_disk_is_read_and_works_again_with_room() {
    let _handled = signal(SignalKind::from_raw(FILE_TOO_LARGE)).expect("handled");
    let (stopped, killed) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open(stopped.path());
    for _ in 0..20 {
        try_to_send(&store).await.expect("sent");
    }
    assert_eq!(found(&store).await.expect("searched"), 20);
    for entry in fs::read_dir(stopped.path()).expect("readable") {
        let entry = entry.expect("an entry");
        // What connections share is gone with the process.
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), killed.path().join(entry.file_name())).expect("copied");
        }
    }
    store.close().await;
    drop(store);

    for folder in [stopped.path(), killed.path()] {
        limit(Some(0));
        let index = fs::read(folder.join("search.db")).expect("read");
        let store = open(folder);
        let head = store.head(TenantId::DEFAULT).await.expect("read").expect("a head").0;
        let refused = [try_to_send(&store).await, try_to_send(&store).await];
        let (counts, hits) = (store.inbox_counts(TenantId::DEFAULT, "chat").await, found(&store).await);
        let failing = store.failing_writes().await;
        limit(None);

        assert_eq!((head, counts.expect("read")[0], hits.expect("searched")), (20, 20, 20));
        assert!(
            refused.iter().all(|refused| matches!(refused, Err(Error::Unavailable(_) | Error::Unknown(_)))),
            "{refused:?}"
        );
        assert!(failing.is_some(), "it knows that it cannot be written");
        assert!(fs::read(folder.join("search.db")).expect("read") == index, "the index was not thrown away");
        assert_eq!(store.failing_writes().await, None, "there is room again");
        try_to_send(&store).await.expect("sent");
        assert_eq!(found(&store).await.expect("searched"), 21);
        World::new(&store).await.verify().await;
        store.close().await;
        drop(store);
        assert_eq!(open(folder).head(TenantId::DEFAULT).await.expect("read").expect("a head").0, 21);
    }
}
