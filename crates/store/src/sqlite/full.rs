//! A database that may grow no further, as on a full disk: nothing half-done, reads go on, and it works again with room.

use domain::TenantId;

use crate::conformance::world::{NOW, World, sending};
use crate::{Error, Options, Store};

/// Lets the database grow to so many pages: SQLite then says what it says where the disk is full.
async fn limit(store: &Store, pragma: &'static str) {
    // A statement that answers with a row is an error to the queue, and done all the same.
    drop(store.driver.queue().execute(pragma, vec![]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_refuses_whole_groups_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(folder.path(), Options::default()).unwrap();
    let world = World::new(&store).await;
    let group = || (0..40).map(|_| world.change(NOW, sending(&world.message(&["chat", "other"]), None))).collect();
    for outcome in store.commit_all(group()).await {
        outcome.unwrap();
    }
    limit(&store, "PRAGMA max_page_count = 60").await;
    let (mut sent, mut refused) = (40, 0);
    for _ in 0..10 {
        for outcome in store.commit_all(group()).await {
            match outcome {
                Ok(_) => sent += 1,
                Err(Error::Unavailable(why)) if why.contains("full") => refused += 1,
                Err(other) => panic!("not said to be full but {other:?}"),
            }
        }
    }
    assert!(refused > 40, "{refused} were refused");
    let head = store.head(TenantId::DEFAULT).await.unwrap().unwrap().0;
    assert_eq!((head, world.pending("chat").await.len() as i64), (sent, sent));
    assert_eq!(store.inbox_counts(TenantId::DEFAULT, "other").await.unwrap()[0], sent);
    world.verify().await;

    limit(&store, "PRAGMA max_page_count = 1000000").await;
    let claimed = world.claim("chat", 10, NOW).await;
    assert_eq!(claimed.len(), 10);
    for outcome in store.commit_all(group()).await {
        outcome.unwrap();
    }
    assert_eq!(world.head().await, sent + 50);
    world.verify().await;
    store.close().await;
}
