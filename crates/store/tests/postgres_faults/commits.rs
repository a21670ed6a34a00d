//! Commits whose connection ends at every place at which it can.

use std::time::Duration;

use domain::Digest;
use domain::event::EventKind;
use domain::message::{Message, MessageId};
use store::conformance::world::{NOW, World, at, sending};
use store::{Change, Error, Idempotency, PostgresOptions, SendMessage, SendOutcome, Store};
use testkit::pgbouncer::PgBouncer;
use testkit::postgres::Postgres;
use testkit::proxy::{Cut, Proxy, Trap};
use tokio::time::timeout;

use crate::{SOON, database, store};

/// What ends a transaction, with the zero byte that ends its text.
pub(crate) const COMMIT: &[u8] = b"COMMIT\0";

/// A store behind a wire that breaks, and one beside it that sees what is really there.
pub(crate) struct Wired {
    pub(crate) store: Store,
    pub(crate) beside: Store,
    pub(crate) wire: Proxy,
    pub(crate) _servers: (Postgres, Option<PgBouncer>),
}

impl Wired {
    /// Starts them; a commit whose answer is lost is looked for so long.
    pub(crate) async fn start(resolve: Duration) -> Self {
        Self::start_behind(false, resolve).await
    }

    /// Starts them, with a PgBouncer between the store and the wire where it is `pooled`.
    pub(crate) async fn start_behind(pooled: bool, resolve: Duration) -> Self {
        let postgres = Postgres::start().expect("a private PostgreSQL");
        let url = database(&postgres);
        let beside = store(&url).await;
        let wire = Proxy::start(postgres.address()).await.expect("a proxy");
        let pgbouncer = pooled.then(|| PgBouncer::start(wire.address(), 5).expect("a private PgBouncer"));
        let wired = match &pgbouncer {
            Some(pgbouncer) => pgbouncer.url_of("coordination"),
            None => url.replace(&postgres.address().to_string(), &wire.address().to_string()),
        };
        let timeout = Duration::from_secs(3);
        let options = PostgresOptions { resolve, timeout_after: timeout, ..PostgresOptions::new(wired) };
        let store = Store::open_postgres(&options, true).await.expect("a store");
        Self { store, beside, wire, _servers: (postgres, pgbouncer) }
    }
}

/// A message to be sent under a key.
pub(crate) fn under(world: &World<'_>, key: &str, message: &Message) -> Change<SendMessage> {
    let idempotency = Idempotency { key: key.to_owned(), fingerprint: Digest([7; 32]), until: at(3_600) };
    world.change(NOW, sending(message, Some(idempotency)))
}

/// The messages that the log holds, in its order.
pub(crate) async fn sent(world: &World<'_>) -> Vec<MessageId> {
    let log = world.log().await;
    let data = log.iter().filter(|event| event.kind == EventKind::MessageSent).map(|event| event.data.as_str());
    data.map(|data| serde_json::from_str::<Message>(data).expect("a message").id).collect()
}

/// Every byte of the commit itself, and far into what the server answers.
fn places() -> impl Iterator<Item = Cut> {
    let requests = (0..=COMMIT.len()).map(Cut::Request);
    requests.chain([0, 1, 5, 9, 17, 33, 64, 100, 150].into_iter().map(Cut::Answer))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_cut_anywhere_is_done_once_and_said_to_be() {
    is_done_once(Wired::start(Duration::from_secs(60)).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_cut_anywhere_behind_pgbouncer_is_done_once_and_said_to_be() {
    is_done_once(Wired::start_behind(true, Duration::from_secs(60)).await).await;
}

async fn is_done_once(wired: Wired) {
    let (world, beside) = (World::new(&wired.store).await, World::new(&wired.beside).await);
    let mut expected = Vec::new();
    for (count, cut) in places().enumerate() {
        let message = world.message(&["chat"]);
        wired.wire.set(Trap { pattern: COMMIT.to_vec(), cut, stalls: false });
        let committed = timeout(SOON, wired.store.commit(under(&world, &format!("key {count}"), &message))).await;
        let committed = committed.expect("in time").unwrap_or_else(|error| panic!("{cut:?}: {error}"));
        assert!(matches!(committed.outcome, SendOutcome::Sent(_)), "{cut:?}: {committed:?}");
        if let Cut::Request(_) = cut {
            assert_eq!(wired.wire.sprung(), count + 1, "{cut:?}: the wire was not cut");
        }
        expected.push(message.id);
        assert_eq!(sent(&beside).await, expected, "{cut:?}");
    }
    assert!(wired.wire.sprung() > COMMIT.len() + 5, "too few answers were cut");
    beside.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn perhaps_is_said_only_while_nobody_can_look() {
    let mut wired = Wired::start(Duration::from_secs(2)).await;
    let (world, beside) = (World::new(&wired.store).await, World::new(&wired.beside).await);
    // Cut in the request it is not done; in the answers, done or not: the server notices the one or the other first.
    for cut in [Cut::Request(3), Cut::Answer(0), Cut::Answer(30), Cut::Answer(60)] {
        let (before, message) = (sent(&beside).await.len(), world.message(&["chat"]));
        wired.wire.set(Trap { pattern: COMMIT.to_vec(), cut, stalls: true });
        let key = format!("{cut:?}").replace(['(', ')'], "-");
        let outcome = timeout(SOON, wired.store.commit(under(&world, &key, &message))).await.expect("in time");
        assert!(matches!(outcome, Err(Error::Unknown(_))), "{cut:?}: {outcome:?}");
        wired.wire.restore().await.expect("restored");
        let again = timeout(SOON, wired.store.commit(under(&world, &key, &message))).await.expect("in time");
        match again.expect("done").outcome {
            SendOutcome::Replayed(id) => {
                assert!(id == message.id && cut != Cut::Request(3), "{cut:?}: it was not done");
            }
            SendOutcome::Sent(_) => {}
        }
        assert_eq!(sent(&beside).await.len(), before + 1, "{cut:?}: it is there once");
    }
    beside.verify().await;
}
