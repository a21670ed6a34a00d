//! The relay over RabbitMQ while one lane's queue does not answer: the other lanes go on, and nothing of the stuck one is missed.

#![cfg(test)]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use domain::send::Draft;
use domain::{Priority, Span};
use engine::{AccessPolicy, AnonymousAccess, Clock, Config, Engine, Session};
use testkit::engine::{START, draft, open_session, parts};
use testkit::rabbitmq::RabbitMq;
use tokio::time::{Instant, timeout};

const STUCK: &str = "coordination.tasks.normal";

/// An engine whose relay the test steps, in this folder.
async fn engine(folder: &Path, clock: &Clock, broker: &Broker) -> Session {
    let access = AccessPolicy { anonymous: AnonymousAccess::Always, admin: None };
    let engine = Engine::open(parts(folder, clock, broker), Config::default(), access).await.expect("opens");
    open_session(&engine).await
}

async fn sent(engine: &Session, priority: Priority) -> i64 {
    let draft = Draft { priority, ..draft("code", "chat", "Number") };
    engine.send(draft, None).await.expect("sent").message.seq
}

/// Steps the relay, with the clock going on, until all of these tasks have come out of the queues; answers how long that took.
async fn relayed(engine: &Engine, clock: &Clock, broker: &Broker, mut wanted: BTreeSet<i64>) -> Duration {
    let began = Instant::now();
    let working = async {
        while !wanted.is_empty() {
            clock.advance(Span::from_millis(100));
            // A step fails while the connection is still being made.
            let _ = engine.relay_step().await;
            while let Ok(taken) = timeout(Duration::from_millis(20), broker.take(100)).await {
                for taken in taken {
                    wanted.remove(&taken.task().seq);
                    taken.done();
                }
            }
        }
    };
    let in_time = timeout(Duration::from_secs(30), working).await.is_ok();
    assert!(in_time, "{wanted:?} did not come");
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_that_is_stuck_costs_only_itself_and_catches_up() {
    let rabbitmq = tokio::task::block_in_place(RabbitMq::start).expect("a private RabbitMQ");
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::by_hand(START);
    let broker = Broker::rabbitmq(&rabbitmq.url(), &BrokerConfig::default()).expect("a broker");
    let first = engine(folder.path(), &clock, &broker).await;
    let seq = sent(&first, Priority::Normal).await;
    relayed(&first, &clock, &broker, BTreeSet::from([seq])).await;

    tokio::task::block_in_place(|| rabbitmq.freeze(STUCK)).expect("it is frozen");
    let mut missing = BTreeSet::new();
    for _ in 0..20 {
        missing.insert(sent(&first, Priority::Normal).await);
        let urgent = sent(&first, Priority::Critical).await;
        let took = relayed(&first, &clock, &broker, BTreeSet::from([urgent])).await;
        assert!(took < Duration::from_secs(2), "a critical task took {took:?}");
    }

    // Another process goes on where the stuck lane stands, not where the others do.
    first.stop().await;
    let broker = Broker::rabbitmq(&rabbitmq.url(), &BrokerConfig::default()).expect("a broker");
    let second = engine(folder.path(), &clock, &broker).await;
    tokio::task::block_in_place(|| rabbitmq.thaw(STUCK)).expect("it is thawed");
    missing.insert(sent(&second, Priority::Normal).await);
    relayed(&second, &clock, &broker, missing).await;
    second.stop().await;
}
