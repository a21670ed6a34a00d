//! `kill -9` in the middle of concurrent sends, receives and acks: nothing that was answered is lost, nothing happens
//! twice, every lane stays in order, and every lease comes back.

#![cfg(test)]

#[path = "../load/mod.rs"]
mod load;

use std::collections::BTreeMap;
use std::time::Duration;

use client::Client;
use testkit::coord::Coord;

use crate::load::ledger::Sent;
use crate::load::random::Random;
use crate::load::{Clients, Load, verdict};

const KILLS: usize = 24;
const SENDERS: u64 = 8;
const AGENTS: &[&str] = &["ada", "ben", "cleo", "dan"];

/// How long the deliveries that are left may take to be received and acknowledged, leases that run out included.
const DRAIN_MAX: Duration = Duration::from_secs(30);

/// How many of the newest answered sends are looked up after each restart.
const LATEST: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_answered_is_lost_or_done_twice_by_kill_9() {
    let mut random = Random::seeded("COORD_CRASH_SEED");
    let settings = [("COORDINATION__DELIVERY__MAX_ATTEMPTS", "1000"), ("COORDINATION__LOGGING__LEVEL", "WARN")];
    let mut coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &settings).unwrap();
    let client = coord.client().unwrap().with_timeout(Duration::from_secs(10));
    let ledger = std::sync::Arc::default();
    let load = Load { client, ledger, agents: AGENTS, pace: Duration::ZERO, again: true, broadcasts: 0 };
    let clients = Clients::start(load.clone(), SENDERS, &mut random).await;

    for kill in 1..=KILLS {
        // pace: the kill comes at any moment of the load
        tokio::time::sleep(Duration::from_millis(random.below(500) + 50)).await;
        coord.daemon.kill9();
        // What was answered before the kill, and not what the clients are being answered meanwhile.
        let answered = load.ledger.sent();
        coord.daemon.restart().unwrap();
        latest_are_there(&load.client, &answered, kill).await;
        assert!(load.ledger.violations().is_empty(), "kill {kill}: {:#?}", load.ledger.violations());
    }
    let drained = clients.drain(DRAIN_MAX).await;
    println!("{KILLS} kills, {}", load.ledger.summary());
    assert!(load.ledger.violations().is_empty(), "{}\n{}", load.ledger.violations().join("\n"), coord.daemon.log());
    assert!(drained, "left after {DRAIN_MAX:?}: {:?}", load.ledger.left());
    verdict::all_is_well(&load, &coord).await;
}

/// The sends that were answered last before a kill are there after it.
async fn latest_are_there(client: &Client, answered: &BTreeMap<String, Sent>, kill: usize) {
    let mut latest: Vec<&Sent> = answered.values().collect();
    latest.sort_by_key(|sent| std::cmp::Reverse(sent.seq));
    for sent in latest.into_iter().take(LATEST) {
        let found = client.message(sent.id).await;
        let message = found.unwrap_or_else(|error| panic!("kill {kill}: {sent:?} is lost: {error:?}"));
        assert_eq!((message.seq, &message.body), (sent.seq, &sent.body), "kill {kill}");
    }
}
