//! The primary of a real Patroni cluster, run by the Kubernetes template's own scripts, is killed under load: writes resume by
//! themselves, nothing that was acknowledged is lost or there twice, the chain is whole, and the killed member comes back.

#![cfg(test)]

#[path = "failover/load.rs"]
mod load;

use std::collections::BTreeMap;
use std::time::Duration;

use client::Client;
use protocol::MessagesQuery;
use testkit::coord::Coord;
use testkit::patroni::Patroni;
use testkit::process::poll;
use tokio::time::Instant;

/// How long writes may stay away.
const AWAY_MAX: Duration = Duration::from_secs(30);
/// How long the killed member may take to follow the new primary.
const BACK_MAX: Duration = Duration::from_secs(60);
/// Acknowledged messages before the kill, and again after writes resumed.
const MESSAGES: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn writes_resume_by_themselves_and_nothing_acknowledged_is_lost_when_the_primary_dies() {
    let mut cluster = tokio::task::block_in_place(|| Patroni::start(3)).unwrap();
    let database = cluster.url();
    let start = || Coord::start(env!("CARGO_BIN_EXE_coord"), &[("DATABASE_URL", &*database)]).unwrap();
    let servers = tokio::task::block_in_place(|| [start(), start()]);
    let clients = servers.each_ref().map(|server| server.client().unwrap().with_timeout(Duration::from_secs(10)));

    let load = load::Load::start(&clients);
    load.acknowledged(MESSAGES).await;
    let leader = cluster.leader().unwrap();
    let killed = Instant::now();
    tokio::task::block_in_place(|| cluster.members[leader].kill9());
    // Before this moment the dying primary may still have acknowledged.
    let gone = Instant::now();
    let resumed = load.first_sent_after(gone).await;
    let away = resumed - killed;
    load.acknowledged(load.count() + MESSAGES).await;
    let ledger = load.stop().await;
    println!("{} messages acknowledged; writes resumed {away:?} after the kill", ledger.len());

    let stored = everything(&clients[1]).await;
    let lost: Vec<&String> =
        ledger.iter().filter(|(key, id)| stored.get(*key) != Some(&vec![**id])).map(|it| it.0).collect();
    assert!(lost.is_empty(), "acknowledged, and lost or there twice: {lost:?}");
    for client in &clients {
        assert!(client.verify_events().await.unwrap().value.ok);
    }
    assert!(away <= AWAY_MAX, "writes were away for {away:?}");
    assert_ne!(cluster.leader(), Some(leader));
    tokio::task::block_in_place(|| comes_back(&mut cluster, leader));
}

/// Starts the killed member again, which must follow the new primary, by rewinding what only it had.
fn comes_back(cluster: &mut Patroni, number: usize) {
    let member = &mut cluster.members[number];
    member.daemon.restart().unwrap();
    let streams = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'";
    let follows = poll(BACK_MAX, || member.is("replica") && member.sql(streams).is_ok_and(|count| count == "1"));
    assert!(follows, "the killed member does not follow: {}", member.daemon.log());
}

/// The ids of all messages, by subject.
async fn everything(client: &Client) -> BTreeMap<String, Vec<uuid::Uuid>> {
    let mut found: BTreeMap<String, Vec<uuid::Uuid>> = BTreeMap::new();
    let mut query = MessagesQuery { limit: Some(100), ..MessagesQuery::default() };
    loop {
        let page = client.messages(&query).await.unwrap().value;
        for message in page.items {
            found.entry(message.subject).or_default().push(message.id);
        }
        query.after = page.next;
        if query.after.is_none() {
            return found;
        }
    }
}
