//! One tenant does to a server what it can, and another one does not notice.

#![cfg(test)]

mod attack;
mod place;

use std::time::Duration;

use tokio::time::Instant;

use place::Place;

/// Rounds of five requests that are measured.
const ROUNDS: usize = 20;

/// A machine that compiles beside the tests delays any request this long now and then; without bounds it is many seconds.
const FLOOR: Duration = Duration::from_secs(2);

/// How long requests under way may take to end.
const GRACE_S: u64 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loud_tenant_fails_no_request_of_a_quiet_one_and_delays_none_for_long() {
    let mut place = Place::start(GRACE_S).await;
    let quiet = place.p99(ROUNDS).await;
    let allowed = (quiet * 5).max(FLOOR);
    for (name, attack) in attack::ALL {
        let attackers = attack(&place).await;
        let loud = place.p99(ROUNDS).await;
        assert!(loud <= allowed, "{name}: {loud:?} where it is {quiet:?} in quiet");
        drop(attackers);
    }
    let mut attackers = Vec::new();
    for (_, attack) in attack::ALL {
        attackers.push(attack(&place).await);
    }
    let asked = Instant::now();
    tokio::task::block_in_place(|| place.coord.daemon.stop(Duration::from_secs(60))).unwrap();
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(GRACE_S + 3), "{took:?} from SIGTERM\n{}", place.coord.daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_nobody_reads_hold_little_each() {
    const STREAMS: usize = 200;
    const MEBIBYTE: u64 = 1 << 20;
    let place = Place::start(GRACE_S).await;
    let before = place.peak_bytes();
    let unread = attack::unread_streams(&place, STREAMS).await;
    for _ in 0..16 {
        let sent = place.send_large(&place.loud, 250_000).await;
        assert_eq!(sent, 201);
    }
    // Two more rounds of requests: by then every stream was offered what it holds at most.
    place.p99(ROUNDS).await;
    let each = place.peak_bytes().saturating_sub(before) / STREAMS as u64;
    assert!(each < MEBIBYTE, "{each} bytes for each stream");
    drop(unread);
}
