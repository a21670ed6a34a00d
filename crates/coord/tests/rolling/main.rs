//! A rolling restart of every API process and every worker behind the balancer, under load: no request fails.

#![cfg(test)]

#[path = "../load/mod.rs"]
mod load;

use std::sync::Arc;
use std::time::Duration;

use testkit::cluster::{Cluster, Engines, Size};
use testkit::coord::Coord;
use testkit::eventually;
use tokio::task::block_in_place;

use crate::load::random::Random;
use crate::load::{Clients, Load, verdict};

const SENDERS: u64 = 4;
const PACE: Duration = Duration::from_millis(30);
const AGENTS: &[&str] = &["ada", "ben", "chat", "cleo", "dan", "human"];

/// How long a process may take to end, or to be sent requests again.
const SOON: Duration = Duration::from_secs(60);
const DRAIN_MAX: Duration = Duration::from_secs(60);

/// What an operator sets: the balancer asks five times a second and has turned away when the drain begins.
const SETTINGS: [(&str, &str); 5] = [
    ("COORDINATION__SERVER__DRAIN_DELAY", "2s"),
    ("COORDINATION__SERVER__SHUTDOWN_GRACE", "20s"),
    ("COORDINATION__DELIVERY__MAX_ATTEMPTS", "1000"),
    ("COORDINATION__LIMITS__INLINE_RECIPIENTS", "2"),
    ("COORDINATION__LOGGING__LEVEL", "WARN"),
];

/// Requests for messages and receives that a process has answered.
async fn answered(process: &Coord) -> u64 {
    let url = format!("http://{}/metrics", process.metrics_address());
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let counts = text.lines().filter(|line| line.starts_with("api_latency_seconds_count{method=\"POST\""));
    counts.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

/// Ends a process in order, starts it again, and waits until it has a part in the work, where it has one in requests.
async fn restart(process: &mut Coord, asked: bool) {
    let status = block_in_place(|| process.daemon.stop(SOON)).unwrap();
    assert!(status.is_some_and(|status| status.success()), "{status:?}: {}", process.daemon.log());
    block_in_place(|| process.daemon.restart()).unwrap();
    if asked {
        eventually(SOON, async || match answered(process).await {
            0 => Err(format!("the balancer sends it nothing: {}", process.daemon.log())),
            _ => Ok(()),
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_fails_while_every_process_is_restarted_in_turn() {
    let mut random = Random::seeded("COORD_ROLLING_SEED");
    let engines = block_in_place(Engines::start).unwrap();
    let mut environment = engines.installation("rolling").unwrap();
    environment.extend(SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let start = || Cluster::start(env!("CARGO_BIN_EXE_coord"), &environment, Size::default());
    let mut cluster = block_in_place(start).unwrap();
    let client = client::Client::new(&cluster.url(), None).unwrap();
    let load = Load { client, ledger: Arc::default(), agents: AGENTS, pace: PACE, again: false, broadcasts: 12 };
    let clients = Clients::start(load.clone(), SENDERS, &mut random).await;

    for process in &mut cluster.apis {
        restart(process, true).await;
    }
    for process in &mut cluster.workers {
        restart(process, false).await;
    }
    let drained = clients.drain(DRAIN_MAX).await;
    println!("{}", load.ledger.summary());
    let violations = load.ledger.violations();
    assert!(violations.is_empty(), "{}\n{}", violations.join("\n"), cluster.log());
    assert!(drained, "left after {DRAIN_MAX:?}: {:?}\n{}", load.ledger.left(), cluster.log());
    verdict::all_is_well(&load, &cluster.apis[0]).await;
}
