//! A database that is not what was left here: missing, older, cut or changed. It is named before anything is written.

use std::fs;
use std::path::Path;

use store::conformance::world::{NOW, World, sending};
use store::{Error, Options, Store};

fn open(folder: &Path) -> store::Result<Store> {
    Store::open_sqlite(folder, Options::default())
}

async fn send(store: &Store, count: usize) {
    let world = World::new(store).await;
    // Ids are drawn: those of the messages that are here are passed over.
    for _ in 0..world.head().await {
        world.draw();
    }
    let changes = (0..count).map(|_| world.change(NOW, sending(&world.message(&["chat"]), None))).collect();
    for outcome in store.commit_all(changes).await {
        outcome.expect("sent");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

/// Why a folder is not opened.
fn refused(folder: &Path) -> String {
    match open(folder).err() {
        Some(Error::Behind(why)) => why,
        other => panic!("not named but {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_in_a_newer_ones_place_is_named() {
    let (folder, older) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open(folder.path()).expect("a store");
    send(&store, 10).await;
    store.close().await;
    drop(store);
    copy(folder.path(), older.path());
    let store = open(folder.path()).expect("the same store");
    send(&store, 10).await;
    store.close().await;
    drop(store);

    fs::copy(older.path().join("coordination.db"), folder.path().join("coordination.db")).expect("put in its place");
    let why = refused(folder.path());
    assert!(why.contains("ends at event 10") && why.contains("event 20") && why.contains("coordination.mark"), "{why}");
    assert!(refused(folder.path()) == why, "asking changes nothing");

    // Who means it says so.
    fs::remove_file(folder.path().join("coordination.mark")).expect("removed");
    let store = open(folder.path()).expect("an older store");
    send(&store, 1).await;
    store.close().await;
    let older_mark = open(older.path()).expect("a whole copy");
    older_mark.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_empty_database_is_named_and_none_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).expect("a store");
    send(&store, 3).await;
    store.close().await;
    drop(store);
    let database = folder.path().join("coordination.db");
    let whole = fs::read(&database).expect("read");

    fs::remove_file(&database).expect("removed");
    assert!(refused(folder.path()).contains("missing"));
    assert!(!database.exists());
    fs::write(&database, "").expect("emptied");
    assert!(refused(folder.path()).contains("holds nothing"));
    fs::write(&database, whole).expect("put back");
    open(folder.path()).expect("the same store").close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_ahead_log_that_is_missing_or_broken_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).expect("a store");
    send(&store, 50).await;
    store.close().await;
    drop(store);
    let store = open(folder.path()).expect("a store");
    send(&store, 50).await;
    // As a process that is killed leaves it: all of the second part is in the log.
    let killed = tempfile::tempdir().expect("a folder");
    copy(folder.path(), killed.path());
    store.close().await;
    drop(store);
    fs::copy(folder.path().join("coordination.mark"), killed.path().join("coordination.mark")).expect("copied");
    let log = killed.path().join("coordination.db-wal");
    let whole = fs::read(&log).expect("read");
    assert!(whole.len() > 100_000, "the newest events are in the log");
    let index = killed.path().join("coordination.db-shm");

    for damage in ["cut", "changed", "missing"] {
        drop(fs::remove_file(&index));
        match damage {
            "cut" => fs::write(&log, &whole[..whole.len() / 2]),
            "changed" => {
                let mut changed = whole.clone();
                changed[whole.len() / 2] ^= 1;
                fs::write(&log, changed)
            }
            _ => fs::remove_file(&log),
        }
        .expect("damaged");
        let before = fs::read(&log).ok();
        let why = refused(killed.path());
        assert!(why.contains("had come to event 100"), "{damage}: {why}");
        assert!(fs::read(&log).unwrap_or_default() == before.unwrap_or_default(), "{damage}: left as it is");
    }
    drop(fs::remove_file(&index));
    fs::write(&log, whole).expect("put back");
    let store = open(killed.path()).expect("whole again");
    assert_eq!(World::new(&store).await.head().await, 100);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_written_anew_is_named() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    for (folder, count) in [(&folder, 5), (&other, 9)] {
        let store = open(folder.path()).expect("a store");
        send(&store, count).await;
        store.close().await;
    }
    fs::copy(other.path().join("coordination.db"), folder.path().join("coordination.db")).expect("put in its place");
    // Both wrote the same messages at the same time: make the fifth another one.
    let connection = rusqlite::Connection::open(folder.path().join("coordination.db")).expect("opened");
    connection.execute("UPDATE events SET hash = zeroblob(32) WHERE seq = 5", []).expect("changed");
    connection.close().expect("closed");
    assert!(refused(folder.path()).contains("event 5 of tenant `default` is another one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_cannot_be_read_stops_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).expect("a store");
    send(&store, 3).await;
    store.close().await;
    drop(store);
    for text in ["", "no mark", "{}"] {
        fs::write(folder.path().join("coordination.mark"), text).expect("written");
        let store = open(folder.path()).expect("a store");
        send(&store, 1).await;
        store.close().await;
    }
    let mark = fs::read_to_string(folder.path().join("coordination.mark")).expect("written anew");
    assert!(mark.contains("\"seq\":6"), "{mark}");
}
