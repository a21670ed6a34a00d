//! The conformance suite over SQLite, one test for each case.

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
