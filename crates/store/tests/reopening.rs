//! A store that was closed and opened again is the same store.

use std::path::Path;

use domain::TenantId;
use store::{Error, EventFilter, MessageFilter, Options, Store};

fn open(folder: &Path) -> Store {
    Store::open_sqlite(folder, Options::default()).expect("a store")
}

/// Everything that can be read of a tenant, as text.
async fn everything(store: &Store, tenant: TenantId) -> String {
    let log = store.events(tenant, &EventFilter::default(), 0, 100_000).await.expect("the log");
    let mut deliveries = Vec::new();
    for agent in ["chat", "code", "third", "wide", "human"] {
        for state in domain::State::ALL {
            deliveries.push(store.inbox(tenant, agent, *state, (-1, 0), 10_000).await.expect("an inbox"));
        }
    }
    let head = store.head(tenant).await.expect("a head");
    let counts = store.all_counts().await.expect("counts");
    format!("{head:?}\n{counts:?}\n{log:?}\n{deliveries:?}")
}

async fn worked(folder: &Path) -> Store {
    let store = open(folder);
    store::conformance::random::after_random_work_counts_are_what_counting_gives_and_verification_is_clean(&store)
        .await;
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn reopening_gives_everything_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = worked(folder.path()).await;
    let before = everything(&store, TenantId::DEFAULT).await;
    let tenants = store.heads().await.expect("heads");
    store.close().await;
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.heads().await.expect("heads"), tenants);
    assert!(everything(&store, TenantId::DEFAULT).await == before, "what is read is what was read");
    for (tenant, ..) in tenants {
        assert_eq!(store.verify(tenant).await.expect("verified").problems, []);
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_index_is_made_again_where_it_is_gone_or_broken() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = worked(folder.path()).await;
    let filter = MessageFilter { q: Some("subject".to_owned()), ..MessageFilter::default() };
    let search = async |store: &Store| {
        let found = store.search(TenantId::DEFAULT, &filter, None, 10_000).await.expect("a search");
        found.into_iter().map(|stored| stored.seq).collect::<Vec<_>>()
    };
    let before = search(&store).await;
    assert!(before.len() > 10);
    store.close().await;
    drop(store);

    let index = folder.path().join("search.db");
    std::fs::remove_file(&index).expect("removed");
    let store = open(folder.path());
    assert_eq!(search(&store).await, before);
    store.close().await;
    drop(store);

    std::fs::write(&index, "this is no database").expect("written");
    let store = open(folder.path());
    assert_eq!(search(&store).await, before);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_index_whose_words_have_another_form_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = worked(folder.path()).await;
    let filter = MessageFilter { q: Some("subject".to_owned()), ..MessageFilter::default() };
    let count =
        async |store: &Store| store.search(TenantId::DEFAULT, &filter, None, 10_000).await.expect("found").len();
    let before = count(&store).await;
    store.close().await;
    drop(store);
    let connection = rusqlite::Connection::open(folder.path().join("search.db")).expect("opened");
    connection.pragma_update(None, "user_version", 0).expect("written");
    connection.execute("INSERT INTO texts (texts) VALUES ('delete-all')", []).expect("emptied");
    connection.close().expect("closed");
    let store = open(folder.path());
    assert_eq!(count(&store).await, before);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_index_from_another_life_is_made_again() {
    let (old, new) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = worked(old.path()).await;
    while store.index_step(TenantId::DEFAULT).await.expect("indexed") {}
    store.close().await;
    drop(store);
    // As after a restore of the database alone: the index knows more than the log.
    std::fs::copy(old.path().join("search.db"), new.path().join("search.db")).expect("copied");
    let store = open(new.path());
    store::conformance::search::words_phrases_and_beginnings_are_found(&store).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    open(folder.path()).close().await;
    let connection = rusqlite::Connection::open(folder.path().join("coordination.db")).expect("opened");
    connection.pragma_update(None, "user_version", 99).expect("written");
    connection.close().expect("closed");
    let result = Store::open_sqlite(folder.path(), Options::default());
    assert!(matches!(&result, Err(Error::Unavailable(why)) if why.contains("newer program")), "{:?}", result.err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_said_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let result = Store::open_sqlite(&folder.path().join("missing"), Options::default());
    assert!(matches!(result, Err(Error::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_attached_before_it_was_noted_is_found_in_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store::conformance::attachments::an_attachment_is_read_by_who_may_read_a_message_that_names_it(&store).await;
    let chat = ["chat".parse().expect("a name")];
    let readable = store::Readable { tenant: TenantId::DEFAULT, agents: Some(&chat) };
    let read = async |store: &Store| store.attachment(readable, domain::Digest([9; 32])).await.expect("read");
    let before = read(&store).await;
    assert!(before.is_some());
    store.close().await;
    drop(store);
    // As it was left by a program that did not note it.
    let database = rusqlite::Connection::open(folder.path().join("coordination.db")).expect("opened");
    let sql = "DROP TABLE attached; DROP TABLE attachment_storers; PRAGMA user_version = 7";
    database.execute_batch(sql).expect("an older database");
    drop(database);
    let store = open(folder.path());
    let found = read(&store).await.expect("found again");
    assert_eq!(found.name, before.and_then(|known| known.name), "as the message calls it");
    store.close().await;
}
