//! Changes that the database refuses, and what they cost those that come with them: counted in transactions, not in time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::event::{EventKind, NewEvent};
use domain::key::{Key, Role};
use domain::recorded::KeyTold;
use domain::{Digest, TenantId};
use store::conformance::world::{NOW, World, sending};
use store::{Change, Error, Fact, KeyRow, Record, Store};
use testkit::postgres::Postgres;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::{SOON, database, store};

/// Lets the server write down every transaction that begins and everybody who connects.
const SETTINGS: &[&str] = &["log_statement=all", "log_connections=on", "fsync=off"];

/// How many keys were made, so that each is another one.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Transactions that have begun, and connections that were made.
fn counted(postgres: &Postgres) -> (usize, usize) {
    let log = postgres.daemon.log();
    (log.matches("statement: BEGIN").count(), log.matches("connection received").count())
}

/// A key whose name PostgreSQL stores, or one whose name it does not.
fn key(tenant: TenantId, name: &str) -> Change<Record> {
    let key = Key {
        id: format!("{:012x}", MADE.fetch_add(1, Ordering::Relaxed)),
        tenant,
        role: Role::Observer,
        agents: Vec::new(),
        name: name.to_owned(),
        created_at: NOW,
        revoked_at: None,
    };
    let event = NewEvent::of(EventKind::KeyCreated, NOW, &KeyTold::new(&key, &Digest::ZERO));
    let command = Record { events: vec![event], facts: vec![Fact::Key(KeyRow { key, hash: Digest::ZERO })] };
    Change { tenant, now: NOW, version: None, command }
}

/// Commits changes of two tenants as one group, which forms while the log of the first is locked. Answers how many were done and
/// how many were refused.
async fn as_one_group(store: &Store, url: &str, worlds: [&World<'_>; 2], (good, bad): (usize, usize)) -> [usize; 2] {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("connected");
    let mut connected = JoinSet::new();
    connected.spawn(connection);
    client.execute("START TRANSACTION", &[]).await.expect("begun");
    client.execute("SELECT 1 FROM tenants WHERE id = $1 FOR UPDATE", &[&worlds[0].tenant.0]).await.expect("locked");
    // The first alone holds the committer; the others wait behind it.
    let mut submitted = vec![store.submit(key(worlds[0].tenant, "first")).await.expect("taken")];
    for number in 0..good.max(bad) {
        if number < good {
            submitted.push(store.submit(key(worlds[0].tenant, "good")).await.expect("taken"));
        }
        if number < bad {
            submitted.push(store.submit(key(worlds[1].tenant, "b\0d")).await.expect("taken"));
        }
    }
    client.execute("ROLLBACK", &[]).await.expect("let go");
    let (mut done, mut refused) = (0, 0);
    for submitted in submitted {
        match submitted.committed().await {
            Ok(_) => done += 1,
            Err(Error::Rejected(_)) => refused += 1,
            Err(error) => panic!("neither done nor refused: {error}"),
        }
    }
    [done, refused]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_changes_cost_their_group_two_more_transactions_however_many_there_are() {
    let postgres = Postgres::start_with(SETTINGS).expect("a private PostgreSQL");
    let url = database(&postgres);
    let store = store(&url).await;
    let (world, other) = (World::new(&store).await, World::of(&store, "other").await);
    world.sent(&["chat"]).await;
    for (good, bad) in [(1, 1), (20, 1), (1, 20), (200, 1), (200, 50)] {
        let (begun, connected) = counted(&postgres);
        let counts = timeout(SOON, as_one_group(&store, &url, [&world, &other], (good, bad))).await.expect("in time");
        assert_eq!(counts, [good + 1, bad], "{good} good ones and {bad} bad ones");
        let (begun_now, connected_now) = counted(&postgres);
        assert!(begun_now - begun <= 5, "{good} and {bad}: {} transactions", begun_now - begun);
        assert_eq!(connected_now - connected, 1, "{good} and {bad}: only who locks connects");
    }
    world.verify().await;
    assert_eq!(other.head().await, 0, "what was refused has left nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_what_the_database_refuses_does_not_slow_another_tenant() {
    const SENDS: usize = 200;
    let postgres = Postgres::start_with(SETTINGS).expect("a private PostgreSQL");
    let store = store(&database(&postgres)).await;
    let (world, other) = (World::new(&store).await, World::of(&store, "other").await.tenant);
    world.sent(&["chat"]).await;
    let (begun, connected) = counted(&postgres);
    let over = std::sync::Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..4 {
        let (store, over) = (store.clone(), std::sync::Arc::clone(&over));
        clients.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let outcome = store.commit(key(other, "b\0d")).await;
                assert!(matches!(outcome, Err(Error::Rejected(_))), "{outcome:?}");
            }
        });
    }
    for _ in 0..SENDS {
        let change = world.change(NOW, sending(&world.message(&["chat"]), None));
        timeout(SOON, store.commit(change)).await.expect("in time").expect("sent");
    }
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended.expect("a client ends");
    }
    // A send waits for the group before its own and for its own, each of three transactions at most; one more may follow at the end.
    let (begun_now, connected_now) = counted(&postgres);
    assert!(begun_now - begun <= 7 * SENDS, "{} transactions for {SENDS} sends", begun_now - begun);
    assert_eq!(connected_now, connected, "nobody connects anew");
    world.verify().await;
}
