//! What a closed store leaves behind: one file that is all of it.

use domain::TenantId;

use crate::conformance::world::{NOW, World, sending};
use crate::{Options, Store};

#[tokio::test(flavor = "multi_thread")]
async fn the_database_file_of_a_closed_store_is_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(folder.path(), Options::default()).unwrap();
    let world = World::new(&store).await;
    let changes = (0..100).map(|_| world.change(NOW, sending(&world.message(&["chat"]), None))).collect();
    for outcome in store.commit_all(changes).await {
        outcome.unwrap();
    }
    let before = store.head(TenantId::DEFAULT).await.unwrap();
    // The readers stay open, as they do in a process that ends.
    store.close().await;

    let wal = std::fs::metadata(folder.path().join("coordination.db-wal")).map_or(0, |file| file.len());
    assert_eq!(wal, 0, "nothing is left outside the file");
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("coordination.db"), copy.path().join("coordination.db")).unwrap();
    let copied = Store::open_sqlite(copy.path(), Options::default()).unwrap();
    assert_eq!(copied.head(TenantId::DEFAULT).await.unwrap(), before);
    assert_eq!(copied.inbox_counts(TenantId::DEFAULT, "chat").await.unwrap()[0], 100);
    assert!(copied.verify(TenantId::DEFAULT).await.unwrap().problems.is_empty());
    copied.close().await;
}
