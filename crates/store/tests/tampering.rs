//! Whoever changes the file behind the store's back is found out: what was changed is found and named.

use std::path::Path;

use domain::TenantId;
use rusqlite::Connection;
use store::{Options, Problem, Store};

/// The position that is tampered with; a `message.sent` event, far from both ends.
const SENT: i64 = 3;

struct Book {
    folder: tempfile::TempDir,
}

impl Book {
    /// A store with some work in it, closed.
    async fn written() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        store::conformance::random::verification_is_clean_while_work_goes_on(&store).await;
        store.close().await;
        Self { folder }
    }

    /// A copy in which something was changed.
    async fn tampered(&self, tamper: impl FnOnce(&Connection)) -> Vec<Problem> {
        let copy = tempfile::tempdir().expect("a folder");
        for entry in std::fs::read_dir(self.folder.path()).expect("readable") {
            let entry = entry.expect("an entry");
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("copied");
        }
        // What the mark beside the database tells has tests of its own: here verification has to find it by itself.
        std::fs::remove_file(copy.path().join("coordination.mark")).expect("removed");
        let connection = Connection::open(copy.path().join("coordination.db")).expect("opened");
        tamper(&connection);
        connection.close().expect("closed");
        let store = open(copy.path());
        let report = store.verify(TenantId::DEFAULT).await.expect("verified");
        store.close().await;
        report.problems
    }
}

fn open(folder: &Path) -> Store {
    Store::open_sqlite(folder, Options::default()).expect("a store")
}

fn one(connection: &Connection, sql: &str) {
    let changed = connection.execute(sql, []).expect(sql);
    assert_eq!(changed, 1, "{sql}");
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).expect(sql)
}

/// Flips one bit of an event's data.
fn flip(connection: &Connection, seq: i64, bit: u8) {
    let read = "SELECT CAST(data AS BLOB) FROM events WHERE tenant = 1 AND seq = ?1";
    let mut data: Vec<u8> = connection.query_row(read, [seq], |row| row.get(0)).expect("an event");
    let middle = data.len() / 2;
    data[middle] ^= bit;
    let write = "UPDATE events SET data = CAST(?2 AS TEXT) WHERE tenant = 1 AND seq = ?1";
    assert_eq!(connection.execute(write, (seq, data)).expect("written"), 1);
}

/// Exchanges one column of two events.
fn swap(connection: &Connection, column: &str, left: i64, right: i64) {
    let read = format!("SELECT {column} FROM events WHERE tenant = 1 AND seq = ?1");
    let value = |seq: i64| -> rusqlite::types::Value {
        connection.query_row(&read, [seq], |row| row.get(0)).expect("an event")
    };
    let write = format!("UPDATE events SET {column} = ?2 WHERE tenant = 1 AND seq = ?1");
    for (seq, value) in [(left, value(right)), (right, value(left))] {
        assert_eq!(connection.execute(&write, (seq, value)).expect("written"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_copy_is_clean() {
    assert_eq!(Book::written().await.tampered(|_| ()).await, []);
}

/// An SQL text that changes one row, the sort of problem it must give, and whether it is at [`SENT`].
type Row = (&'static str, &'static str, bool);

async fn all_found<const N: usize>(table: [Row; N]) {
    let book = Book::written().await;
    for (sql, what, at_sent) in table {
        let problems = book.tampered(|connection| one(connection, sql)).await;
        let first = problems.first().unwrap_or_else(|| panic!("{sql} is not found"));
        assert_eq!(first.what, what, "{sql}: {problems:?}");
        assert!(!at_sent || first.seq == Some(SENT), "{sql}: {problems:?}");
        assert!(problems.iter().all(|problem| !problem.detail.is_empty()), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_changed_row_of_the_log_is_found_and_named() {
    all_found([
        ("UPDATE events SET hash = zeroblob(32) WHERE tenant = 1 AND seq = 3", "hash", true),
        ("UPDATE events SET hash = zeroblob(31) WHERE tenant = 1 AND seq = 3", "content", true),
        ("UPDATE events SET at = at + 1 WHERE tenant = 1 AND seq = 3", "hash", true),
        ("UPDATE events SET kind = 15 WHERE tenant = 1 AND seq = 3", "hash", true),
        ("UPDATE events SET kind = 99 WHERE tenant = 1 AND seq = 3", "content", true),
        ("UPDATE events SET data = data || ' ' WHERE tenant = 1 AND seq = 3", "hash", true),
        ("UPDATE events SET message = zeroblob(16) WHERE tenant = 1 AND seq = 3", "content", true),
        ("UPDATE events SET agent = 'mallory' WHERE tenant = 1 AND seq = 3", "content", true),
        ("DELETE FROM events WHERE tenant = 1 AND seq = 3", "gap", true),
        ("UPDATE events SET seq = 1000000 WHERE tenant = 1 AND seq = 3", "gap", true),
        ("DELETE FROM messages WHERE tenant = 1 AND seq = 3", "content", true),
        ("UPDATE messages SET id = zeroblob(16) WHERE tenant = 1 AND seq = 3", "content", true),
        ("UPDATE messages SET sender = 'mallory' WHERE tenant = 1 AND seq = 3", "content", true),
        ("UPDATE messages SET thread = zeroblob(16) WHERE tenant = 1 AND seq = 3", "content", true),
        ("UPDATE messages SET priority = (priority + 1) % 4 WHERE tenant = 1 AND seq = 3", "content", true),
        ("UPDATE messages SET domain = 'strategy' WHERE tenant = 1 AND seq = 3", "content", true),
        ("UPDATE tenants SET hash = zeroblob(32) WHERE id = 1", "head", false),
        ("UPDATE tenants SET seq = seq - 1 WHERE id = 1", "head", false),
        ("UPDATE tenants SET seq = seq + 1 WHERE id = 1", "gap", false),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_changed_row_beside_the_log_is_found() {
    all_found([
        (
            "DELETE FROM deliveries WHERE tenant = 1 AND (agent, seq) IN (SELECT agent, seq FROM deliveries LIMIT 1)",
            "delivery",
            false,
        ),
        (
            "UPDATE deliveries SET note = 'forged' WHERE tenant = 1 AND (agent, seq) IN (SELECT agent, seq FROM deliveries LIMIT 1)",
            "delivery",
            false,
        ),
        (
            "UPDATE deliveries SET due = 1 WHERE tenant = 1 AND (agent, seq) IN (SELECT agent, seq FROM deliveries LIMIT 1)",
            "delivery",
            false,
        ),
        (
            "UPDATE deliveries SET state = 9 WHERE tenant = 1 AND (agent, seq) IN (SELECT agent, seq FROM deliveries LIMIT 1)",
            "delivery",
            false,
        ),
        (
            "UPDATE counts SET n = n + 1 WHERE tenant = 1 AND (agent, state) IN (SELECT agent, state FROM counts LIMIT 1)",
            "count",
            false,
        ),
        (
            "DELETE FROM counts WHERE tenant = 1 AND (agent, state) IN (SELECT agent, state FROM counts WHERE n > 0 LIMIT 1)",
            "count",
            false,
        ),
        (
            "INSERT INTO deliveries SELECT tenant, 'mallory', seq, message, priority, state, attempt, lease, lease_expires_at, \
             deferred_until, trigger_name, expires_at, ack_by, reminded, delivered_at, settled_at, note, due FROM deliveries LIMIT 1",
            "delivery",
            false,
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_found_whatever_it_makes_of_the_text() {
    let book = Book::written().await;
    for bit in [1, 0x20, 0x80] {
        let problems = book.tampered(|connection| flip(connection, SENT, bit)).await;
        assert_eq!(problems.first().map(|problem| problem.seq), Some(Some(SENT)), "{bit}: {problems:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanged_rows_are_found() {
    let book = Book::written().await;
    for column in ["data", "hash", "at"] {
        // Two events that differ in every column.
        let problems = book.tampered(|connection| swap(connection, column, SENT, 60)).await;
        let named: Vec<Option<i64>> = problems.iter().map(|problem| problem.seq).collect();
        assert!(named.contains(&Some(SENT)) && named.contains(&Some(60)), "{column}: {problems:?}");
    }
    let moved = book.tampered(|connection| {
        for (from, to) in [(SENT, -1), (SENT + 1, SENT), (-1, SENT + 1)] {
            one(connection, &format!("UPDATE events SET seq = {to} WHERE tenant = 1 AND seq = {from}"));
        }
    });
    assert_eq!(moved.await.first().map(|problem| problem.seq), Some(Some(SENT)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_short_is_found() {
    let book = Book::written().await;
    let mut head = 0;
    let problems = book
        .tampered(|connection| {
            head = number(connection, "SELECT seq FROM tenants WHERE id = 1");
            one(connection, &format!("DELETE FROM events WHERE tenant = 1 AND seq = {head}"));
        })
        .await;
    assert_eq!((problems[0].what, problems[0].seq), ("gap", Some(head)), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_added_behind_the_stores_back_is_found() {
    let book = Book::written().await;
    let added = "INSERT INTO events SELECT tenant, seq + 1, kind, at, message, agent, data, hash FROM events \
                 WHERE tenant = 1 ORDER BY seq DESC LIMIT 1";
    let problems = book.tampered(|connection| one(connection, added)).await;
    assert_eq!(problems[0].what, "head", "{problems:?}");
    // A log that was made longer, head and all, is not what the events say.
    let forged = book.tampered(|connection| {
        one(connection, added);
        one(connection, "UPDATE tenants SET seq = seq + 1 WHERE id = 1");
    });
    assert_eq!(forged.await[0].what, "hash");
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_without_end_are_counted_to_a_limit() {
    let book = Book::written().await;
    let everywhere = |connection: &Connection| {
        connection.execute("UPDATE events SET at = at + 1", []).expect("changed");
        connection.execute("UPDATE deliveries SET attempt = 77", []).expect("changed");
    };
    assert_eq!(book.tampered(everywhere).await.len(), store::PROBLEMS_MAX);
}

/// Every tree of the database, each with the number of one of its pages.
fn trees(database: &Path) -> Vec<(String, i64)> {
    let connection = Connection::open(database).expect("opened");
    // The last page is a leaf where the tree has more than one.
    let mut statement =
        connection.prepare("SELECT name, MAX(pageno) FROM dbstat GROUP BY name ORDER BY name").expect("statistics");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("statistics");
    rows.collect::<rusqlite::Result<_>>().expect("statistics")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_chance_in_any_tree_is_named() {
    const PAGE: u64 = 8_192;
    let book = Book::written().await;
    let trees = trees(&book.folder.path().join("coordination.db"));
    assert!(trees.len() > 40, "{} trees", trees.len());
    for (name, page) in trees {
        let copy = tempfile::tempdir().expect("a folder");
        let database = copy.path().join("coordination.db");
        std::fs::copy(book.folder.path().join("coordination.db"), &database).expect("copied");
        let mut bytes = std::fs::read(&database).expect("read");
        let start = (page as u64 - 1) * PAGE;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ page as u64;
        // The first page begins with the head of the file, without which it is no database at all.
        let skipped = if page == 1 { 100 } else { 0 };
        for byte in &mut bytes[start as usize + skipped..(start + PAGE) as usize] {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
        std::fs::write(&database, bytes).expect("damaged");
        let named = match Store::open_sqlite(copy.path(), Options::default()) {
            Err(store::Error::Corrupt(_) | store::Error::Unavailable(_)) => true,
            Err(other) => panic!("{name}: {other:?}"),
            Ok(store) => {
                let structure = store.verify_structure().await.expect("checked");
                let report = store.verify(TenantId::DEFAULT).await.expect("verified");
                store.close().await;
                let found: Vec<_> = structure.problems.iter().chain(&report.problems).collect();
                found.iter().any(|problem| problem.what == "database")
            }
        };
        assert!(named, "page {page} of {name}");
    }
}
