//! Several engines on one PostgreSQL: together they do what one would do, once, and none of them is needed for it.

#![cfg(test)]

use std::collections::BTreeSet;

use blobs::Blobs;
use broker::Broker;
use domain::{Span, State};
use engine::{AccessPolicy, AnonymousAccess, Clock, Config, Engine, Page, Parts, Role, Session, Stepped};
use ephemeral::Ephemeral;
use store::{PostgresOptions, Store};
use testkit::engine::{START, draft, open_session};
use testkit::postgres::Postgres;

/// One database, one queue and one clock that the test moves, for any number of engines.
struct Shared {
    _postgres: Postgres,
    url: String,
    broker: Broker,
    clock: Clock,
}

impl Shared {
    fn start() -> Self {
        let postgres = Postgres::start().expect("a private PostgreSQL");
        let url = postgres.url();
        Self { _postgres: postgres, url, broker: Broker::in_process(10_000), clock: Clock::by_hand(START) }
    }

    async fn parts(&self) -> Parts {
        let store = Store::open_postgres(&PostgresOptions::new(&*self.url), true).await.expect("a store");
        let (broker, clock) = (self.broker.clone(), self.clock.clone());
        Parts {
            store,
            broker,
            ephemeral: Ephemeral::default(),
            blobs: Blobs::Nowhere,
            archive: None,
            clock,
            observer: None,
            pusher: None,
        }
    }

    /// An engine whose steps the test takes.
    async fn engine(&self) -> Session {
        let access = AccessPolicy { anonymous: AnonymousAccess::Always, admin: None };
        let engine = Engine::open(self.parts().await, Config::default(), access).await.expect("opens");
        open_session(&engine).await
    }

    /// The positions of the tasks in the queue, which is then empty, in the order in which they were published.
    async fn published(&self) -> Vec<i64> {
        let depths = self.broker.depths().await.expect("answers");
        let waiting: i64 = depths.iter().map(|(_, depth)| depth).sum();
        if waiting == 0 {
            return Vec::new();
        }
        let taken = self.broker.take(10_000).await;
        let seqs = taken.iter().map(|taken| taken.task().seq).collect();
        taken.into_iter().for_each(broker::TaskGuard::done);
        seqs
    }

    /// Moves the clock on, half a second at a time, and lets these engines step each time.
    async fn pass(&self, secs: i64, engines: &[&Session]) {
        for _ in 0..secs * 2 {
            self.clock.advance(Span::from_millis(500));
            for engine in engines {
                relayed(engine).await;
            }
        }
    }
}

async fn sent(engine: &Session, count: usize) -> Vec<i64> {
    let mut seqs = Vec::new();
    for number in 0..count {
        let draft = draft("code", "chat", &format!("Number {number}"));
        seqs.push(engine.send(draft, None).await.expect("sent").message.seq);
    }
    seqs
}

async fn relayed(engine: &Engine) {
    while engine.relay_step().await.expect("the relay steps") == Stepped::More {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_any_of_them_sends_is_published_once() {
    let shared = Shared::start();
    let (one, other) = (shared.engine().await, shared.engine().await);
    let mut expected = Vec::new();
    for _ in 0..10 {
        expected.extend(sent(&one, 3).await);
        expected.extend(sent(&other, 3).await);
        shared.pass(1, &[&one, &other]).await;
    }
    assert_eq!(shared.published().await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_one_that_publishes_dies_another_misses_nothing() {
    let shared = Shared::start();
    let (one, other) = (shared.engine().await, shared.engine().await);
    relayed(&one).await;
    let mut all: BTreeSet<i64> = sent(&one, 5).await.into_iter().collect();
    relayed(&one).await;
    // From here on nothing is heard of it: it has published, and not written down how far it has come.
    all.extend(sent(&other, 5).await);
    shared.pass(2, &[&other]).await;
    assert_eq!(shared.published().await.len(), 5, "it may still be there");
    shared.pass(1, &[&other]).await;
    let published: BTreeSet<i64> = shared.published().await.into_iter().collect();
    assert_eq!(published, all, "what it did not write down is published again");

    // It was only slow: it finds that another one holds the job.
    let later = sent(&one, 2).await;
    shared.pass(4, &[&one, &other]).await;
    assert_eq!(shared.published().await, later);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_ends_hands_over_where_it_stands() {
    let shared = Shared::start();
    let (one, other) = (shared.engine().await, shared.engine().await);
    let first = sent(&one, 3).await;
    relayed(&one).await;
    relayed(&other).await;
    assert_eq!(shared.published().await, first);
    one.stop().await;
    let second = sent(&other, 3).await;
    shared.pass(1, &[&other]).await;
    assert_eq!(shared.published().await, second, "at once, and nothing twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_is_done_once_and_goes_on_when_one_dies() {
    let shared = Shared::start();
    let (one, other) = (shared.engine().await, shared.engine().await);
    for round in 0..2 {
        let draft = domain::send::Draft {
            deliver_in: Some(Span::from_secs(10)),
            ..draft("code", "chat", &format!("Later {round}"))
        };
        let id = one.send(draft, None).await.expect("sent").message.message.id;
        let stepping: &[&Session] = if round == 0 { &[&one, &other] } else { &[&other] };
        for _ in 0..30 {
            shared.clock.advance(Span::from_millis(500));
            for engine in stepping {
                engine.timers_step().await.expect("the timers step");
            }
        }
        let receipts = other.receipts(id).await.expect("known");
        assert_eq!(receipts.deliveries[0].state, State::Pending, "round {round}");
    }
    assert!(other.verify().await.expect("read").problems.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_of_workers_alone_makes_no_agents() {
    let shared = Shared::start();
    let parts = shared.parts().await;
    let access = AccessPolicy { anonymous: AnonymousAccess::Always, admin: None };
    let worker = Engine::start_as(Role::Worker, parts, Config::default(), access).await.expect("starts");
    let worker = open_session(&worker).await;
    let agents = worker.agents(&Page::default()).await.expect("lists");
    assert_eq!(agents.items.len(), 0);
    let api = shared.engine().await;
    assert_eq!(api.agents(&Page::default()).await.expect("lists").items.len(), 3);
    worker.stop().await;
}
