//! The wall clock is set while an engine runs: what is due comes in real time all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use broker::Broker;
use domain::send::Draft;
use domain::{Span, Time};
use engine::{AccessPolicy, AnonymousAccess, Clock, Config, Engine, Page, Session, Sources};
use testkit::engine::{draft, open_session, parts};

const START: i64 = 1_800_000_000_000_000;
const HOUR: i64 = 3_600_000_000;
const YEAR: i64 = 365 * 24 * HOUR;

/// The clocks of a machine: how long it has run, and by how much its wall clock is wrong.
#[derive(Clone, Default)]
struct Machine {
    passed: Arc<AtomicI64>,
    wrong: Arc<AtomicI64>,
}

impl Sources for Machine {
    fn wall(&self) -> Time {
        Time(START + self.passed.load(Ordering::Relaxed) + self.wrong.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Span {
        Span(self.passed.load(Ordering::Relaxed))
    }
}

impl Machine {
    fn set_wrong(&self, by: i64) {
        self.wrong.store(by, Ordering::Relaxed);
    }

    fn pass(&self, span: Span) {
        self.passed.fetch_add(span.0, Ordering::Relaxed);
    }

    async fn engine(&self, folder: &std::path::Path) -> Session {
        let parts = parts(folder, &Clock::anchored(self.clone()), &Broker::in_process(1_000));
        let access = AccessPolicy { anonymous: AnonymousAccess::Always, admin: None };
        open_session(&Engine::open(parts, Config::default(), access).await.expect("opens")).await
    }
}

/// How many deliveries are pending.
async fn pending(engine: &Session, agent: &str) -> i64 {
    while engine.timers_step().await.expect("steps") == engine::Stepped::More {}
    engine.inbox(agent, &[], &Page::default()).await.expect("an inbox").counts[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_and_deferrals_end_in_real_time_when_the_wall_clock_jumps_and_comes_back() {
    for wrong in [HOUR, -HOUR, YEAR, -YEAR] {
        let (folder, machine) = (tempfile::tempdir().expect("a folder"), Machine::default());
        let engine = machine.engine(folder.path()).await;
        engine.send(draft("code", "chat", "To be leased"), None).await.expect("sent");
        machine.set_wrong(wrong);
        let ahead = engine.send(draft("code", "human", "Meanwhile"), None).await.expect("sent").message;
        assert_eq!(ahead.message.sent_at, Time(START), "{wrong}");
        machine.set_wrong(0);
        let second = Some(Span::from_secs(1));
        let leased = engine.receive("chat", 1, second, Span::ZERO).await.expect("receives");
        assert_eq!(leased.len(), 1);
        let later = Draft { deliver_in: second, ..draft("chat", "code", "In a second") };
        engine.send(later, None).await.expect("sent");
        assert_eq!((pending(&engine, "chat").await, pending(&engine, "code").await), (0, 0), "{wrong}");
        machine.pass(Span::from_millis(1_001));
        assert_eq!((pending(&engine, "chat").await, pending(&engine, "code").await), (1, 1), "{wrong}");
        assert_eq!(engine.clock_jumps(), 2, "{wrong}");
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_off_while_the_clock_was_ahead_comes_in_real_time_after_a_restart() {
    let (folder, machine) = (tempfile::tempdir().expect("a folder"), Machine::default());
    machine.set_wrong(HOUR);
    let engine = machine.engine(folder.path()).await;
    let later = Draft { deliver_in: Some(Span::from_secs(1)), ..draft("code", "chat", "In a second") };
    engine.send(later, None).await.expect("sent");
    engine.stop().await;
    drop(engine);
    machine.set_wrong(0);
    let engine = machine.engine(folder.path()).await;
    assert_eq!(pending(&engine, "chat").await, 0);
    machine.pass(Span::from_millis(1_200));
    assert_eq!(pending(&engine, "chat").await, 1);
    engine.stop().await;
}
