//! `kill -9` in the middle of concurrent sends, receives and acks: nothing that was answered is lost, nothing happens
//! twice, every lane stays in order, and every lease comes back.

#![cfg(test)]

mod chance;
mod ledger;
mod receiver;
mod sender;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use testkit::coord::Coord;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::ledger::Ledger;

const KILLS: usize = 24;
const SENDERS: u64 = 8;
const AGENTS: [&str; 4] = ["ada", "ben", "cleo", "dan"];

/// How long the deliveries that are left may take to be received and acknowledged, leases that run out included.
const DRAIN_MAX: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_answered_is_lost_or_done_twice_by_kill_9() {
    let mut chance = Chance::seeded();
    println!("seed {}; run it again with COORD_CRASH_SEED={}", chance.seed(), chance.seed());
    let settings = [("COORDINATION__DELIVERY__MAX_ATTEMPTS", "1000"), ("COORDINATION__LOGGING__LEVEL", "WARN")];
    let mut coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &settings).unwrap();
    let client = coord.client().unwrap().with_timeout(Duration::from_secs(10));
    for agent in AGENTS {
        client.put_agent(agent, &api::PutAgent::default()).await.unwrap();
    }

    let ledger = Arc::new(Ledger::default());
    let (go_on, watching) = watch::channel(true);
    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        senders.spawn(sender::run(number, client.clone(), ledger.clone(), watching.clone(), chance.fork()));
    }
    let mut receivers = JoinSet::new();
    for agent in AGENTS {
        receivers.spawn(receiver::run(agent, client.clone(), ledger.clone(), chance.fork()));
    }

    for kill in 1..=KILLS {
        tokio::time::sleep(Duration::from_millis(chance.below(500) + 50)).await;
        coord.daemon.kill9();
        // What was answered before the kill, and not what the clients are being answered meanwhile.
        let answered = ledger.sent();
        coord.daemon.restart().unwrap();
        verdict::latest_are_there(&client, &answered, kill).await;
        assert!(ledger.violations().is_empty(), "kill {kill}: {:#?}", ledger.violations());
    }
    go_on.send_replace(false);
    while let Some(ended) = senders.join_next().await {
        ended.unwrap();
    }
    let drained = tokio::time::timeout(DRAIN_MAX, ledger.all_acked()).await;
    receivers.shutdown().await;
    println!("{KILLS} kills, {}", ledger.summary());
    assert!(ledger.violations().is_empty(), "{}\n{}", ledger.violations().join("\n"), coord.daemon.log());
    assert!(drained.is_ok(), "left after {DRAIN_MAX:?}: {:?}", ledger.left());
    verdict::messages_are_exactly(&client, &ledger.sent()).await;
    verdict::inboxes_are_done(&client, &ledger, &AGENTS).await;
    verdict::log_verifies(&client, &coord).await;
}
