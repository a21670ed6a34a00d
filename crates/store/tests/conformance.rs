//! The conformance suite over SQLite, one test for each case; and what only a store in a folder can.

use store::conformance::world::{NOW, World};
use store::{Error, MessageFilter, Options, Store};

/// Runs every case over an empty store of its own.
macro_rules! over_sqlite {
    ($($file:ident: [$($case:ident),+ $(,)?],)+) => {
        $(mod $file {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let folder = tempfile::tempdir().expect("a folder");
                let store = store::Store::open_sqlite(folder.path(), store::Options::default()).expect("a store");
                assert!(!store.is_shared());
                store::conformance::$file::$case(&store).await;
                store.close().await;
            })+
        })+
    };
}

store::conformance!(over_sqlite);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_writes_is_read_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let nothing = Store::read_sqlite(folder.path()).map(drop);
    assert!(nothing.is_err(), "there is nothing to read");
    let store = Store::open_sqlite(folder.path(), Options::default()).expect("a store");
    let world = World::new(&store).await;
    world.sent(&["chat"]).await;
    let beside = Store::read_sqlite(folder.path()).expect("the same store");
    world.sent(&["chat"]).await;
    assert_eq!(beside.head(world.tenant).await.expect("read"), store.head(world.tenant).await.expect("read"));
    assert_eq!(beside.verify(world.tenant).await.expect("verified").problems, []);
    let refused = beside.ensure_tenant("other", NOW).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "it only reads: {refused:?}");

    // Both search, each in an index of its own.
    let filter = MessageFilter { q: Some("subject".to_owned()), ..MessageFilter::default() };
    let found = async |store: &Store| store.search(world.tenant, &filter, None, 10).await.expect("a search").len();
    assert_eq!((found(&beside).await, found(&store).await), (2, 2));
    world.sent(&["chat"]).await;
    beside.close().await;
    drop(beside);
    assert_eq!(found(&store).await, 3);
    store.close().await;
}
