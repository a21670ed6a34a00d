//! Chaos: while clients send and receive at a steady rate, everything that the system is made of dies at random. What the
//! clients were told stays true: nothing answered is lost or done twice, every lane stays in order, and the log verifies.

#![cfg(test)]

mod fault;
#[path = "../load/mod.rs"]
mod load;
mod stage;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::fault::Deck;
use crate::load::random::Random;
use crate::load::{Clients, Load, verdict};
use crate::stage::Stage;

/// How long it goes on, unless the environment says otherwise.
const SECONDS: u64 = 60;
const SENDERS: u64 = 4;
const PACE: Duration = Duration::from_millis(50);
const AGENTS: &[&str] = &["ada", "ben", "chat", "cleo", "dan", "human"];

/// How long the deliveries that are left may take to be received and acknowledged. A task that was thrown away is found
/// again once a minute.
const DRAIN_MAX: Duration = Duration::from_secs(180);

/// Fewer answered sends a second than this is no load.
const RATE_MIN: u64 = 3;

#[expect(clippy::disallowed_methods, reason = "the same test is run for longer by hand")]
fn length() -> Duration {
    let given = std::env::var("COORD_CHAOS_SECONDS").ok().map(|text| text.parse().expect("seconds are a number"));
    Duration::from_secs(given.unwrap_or(SECONDS))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_answered_is_lost_or_done_twice_whatever_dies() {
    let mut random = Random::seeded("COORD_CHAOS_SEED");
    let mut stage = Stage::start().await;
    let client = client::Client::new(&stage.cluster.url(), None).unwrap().with_timeout(Duration::from_secs(10));
    let load = Load { client, ledger: Arc::default(), agents: AGENTS, pace: PACE, again: true, broadcasts: 12 };
    let clients = Clients::start(load.clone(), SENDERS, &mut random).await;

    let (began, length) = (Instant::now(), length());
    let mut deck = Deck::default();
    while began.elapsed() < length {
        // pace: faults come at any moment of the load
        sleep(Duration::from_millis(500 + random.below(1_500))).await;
        let fault = deck.draw(&mut random);
        println!("{:6.1} s  {} sent  {fault:?}", began.elapsed().as_secs_f32(), load.ledger.sent().len());
        stage.inflict(fault, &mut random).await;
        let violations = load.ledger.violations();
        assert!(violations.is_empty(), "after {fault:?}: {violations:#?}\n{}", stage.cluster.log());
    }
    stage.mend().await;
    let drained = clients.drain(DRAIN_MAX).await;
    println!("{}; {}", deck.summary(), load.ledger.summary());
    let violations = load.ledger.violations();
    assert!(violations.is_empty(), "{}\n{}", violations.join("\n"), stage.cluster.log());
    assert!(drained, "left after {DRAIN_MAX:?}: {:?}\n{}", load.ledger.left(), stage.cluster.log());
    assert!(load.ledger.sent().len() as u64 > RATE_MIN * length.as_secs(), "too little was sent to show anything");
    verdict::all_is_well(&load, &stage.cluster.apis[0]).await;
}
