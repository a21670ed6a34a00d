//! What is under way when a session ends: it ends too, within a second, in the process that revokes and in every other.

use std::time::Duration;

use blobs::Blobs;
use broker::Broker;
use domain::key::Role;
use domain::{Code, Span};
use engine::{AccessPolicy, AnonymousAccess, Clock, Config, Engine, EventFilter, KeyRequest, Parts, Session};
use ephemeral::Ephemeral;
use futures_util::{Stream, StreamExt};
use store::{PostgresOptions, Store};
use testkit::engine::{open_session, parts};
use testkit::postgres::Postgres;
use tokio::time::timeout;

use crate::world::World;

/// A second, and what a busy machine may add to it.
const SECOND: Duration = Duration::from_millis(1_500);
/// A wait that a test never sits out.
const LONG: Span = Span::from_secs(30);

/// How a stream ended: with which code.
async fn end<T>(stream: impl Stream<Item = engine::Result<T>>) -> Code {
    let mut stream = std::pin::pin!(stream);
    let mut code = None;
    while let Some(item) = stream.next().await {
        assert!(code.is_none(), "something came after the refusal");
        code = item.err().map(|error| error.refusal().code);
    }
    code.expect("it says why it ends")
}

async fn log_end(session: Session) -> Code {
    end(session.follow_events(EventFilter::default(), 0).await.expect("it begins")).await
}

async fn inbox_end(session: Session, agent: &str) -> Code {
    end(session.follow_inbox(agent, None).await.expect("it begins").1).await
}

async fn receive_end(session: Session, agent: &str) -> Code {
    session.receive(agent, 1, None, LONG).await.expect_err("it ends").refusal().code
}

/// Until all of them wait.
async fn wait_for(engine: &Engine, (polls, streams): (usize, usize)) {
    let waiting = async {
        while engine.waiting() != (polls, streams) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("they wait");
}

/// Revokes keys in one process and sees what waits in another end.
async fn a_revocation_ends_what_waits(here: &World, there: &World) {
    let (observer_id, observer) = here.key(Role::Observer, &[], None).await;
    let (agent_id, agent) = here.key(Role::Agent, &["chat"], None).await;
    let observer = there.session(&observer).await.expect("the key is good");
    let chat = there.session(&agent).await.expect("the key is good");
    let other = there.session(&agent).await.expect("the key is good");
    let ends = async { tokio::join!(log_end(observer), inbox_end(chat, "chat"), receive_end(other, "chat")) };
    let revoke = async {
        wait_for(&there.engine, (1, 2)).await;
        here.admin.revoke_key(&observer_id).await.expect("revoked");
        here.admin.revoke_key(&agent_id).await.expect("revoked");
        tokio::time::Instant::now()
    };
    let waited = timeout(Duration::from_secs(20), Box::pin(async { tokio::join!(ends, revoke) }));
    let (ended, revoked) = waited.await.expect("they end");
    assert!(revoked.elapsed() < SECOND, "it took {:?}", revoked.elapsed());
    assert_eq!(ended, (Code::Unauthenticated, Code::Unauthenticated, Code::Unauthenticated));
    assert!(there.session(&agent).await.is_err(), "it was remembered");
    assert_eq!(there.engine.waiting(), (0, 0), "their places are free");
}

/// Retires an agent in one process and sees what waits for it in another end.
async fn a_retirement_ends_what_waits(here: &World, there: &World) {
    let (_, key) = here.key(Role::Agent, &["code"], None).await;
    let session = there.session(&key).await.expect("the key is good");
    let ends = async { tokio::join!(inbox_end(session.clone(), "code"), receive_end(session.clone(), "code")) };
    let retire = async {
        wait_for(&there.engine, (1, 1)).await;
        here.admin.retire_agent("code").await.expect("retired");
        tokio::time::Instant::now()
    };
    let waited = timeout(Duration::from_secs(20), async { tokio::join!(ends, retire) });
    let (ended, retired) = waited.await.expect("they end");
    assert!(retired.elapsed() < SECOND, "it took {:?}", retired.elapsed());
    assert_eq!(ended, (Code::NotFound, Code::NotFound));
    assert!(session.receive("code", 1, None, Span::ZERO).await.expect("what is left").is_empty());
    assert!(session.follow_inbox("code", None).await.is_err(), "nothing comes to it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_or_a_retired_agent_ends_what_waits_in_one_process() {
    let world = World::in_one_process().await;
    Box::pin(a_revocation_ends_what_waits(&world, &world)).await;
    a_retirement_ends_what_waits(&world, &world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_or_a_retired_agent_ends_what_waits_in_another_process_that_nobody_tells() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    let (here, there) = (World::on(shared(&postgres).await).await, World::on(shared(&postgres).await).await);
    Box::pin(a_revocation_ends_what_waits(&here, &there)).await;
    a_retirement_ends_what_waits(&here, &there).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remembered_key_that_another_process_revokes_works_for_no_longer_than_a_second() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    let (here, there) = (World::on(shared(&postgres).await).await, World::on(shared(&postgres).await).await);
    let (id, text) = here.key(Role::Observer, &[], None).await;
    let session = there.session(&text).await.expect("the key is good");
    here.admin.revoke_key(&id).await.expect("revoked");
    let revoked = tokio::time::Instant::now();
    let refused = async {
        while there.session(&text).await.is_ok() || session.head().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), refused).await.expect("it is refused");
    assert!(revoked.elapsed() < SECOND, "it took {:?}", revoked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_key_ends_the_sessions_that_had_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let parts = parts(folder.path(), &Clock::system(), &Broker::in_process(1_000));
    let access = AccessPolicy { anonymous: AnonymousAccess::UntilFirstKey, admin: None };
    let engine = Engine::open(parts, Config::default(), access).await.expect("opens");
    let session = open_session(&engine).await;
    let first = async {
        wait_for(&engine, (0, 1)).await;
        let request = KeyRequest { role: Role::Admin, agents: Vec::new(), name: String::new(), tenant: None };
        session.create_key(request).await.expect("a key")
    };
    let both = async { tokio::join!(log_end(session.clone()), first) };
    let (code, _) = timeout(Duration::from_secs(20), both).await.expect("it ends");
    assert_eq!(code, Code::Unauthenticated);
    assert_eq!(session.head().await.expect_err("over").refusal().code, Code::Unauthenticated);
}

async fn shared(postgres: &Postgres) -> Parts {
    let store = Store::open_postgres(&PostgresOptions::new(&*postgres.url()), true).await.expect("a store");
    let (broker, clock) = (Broker::in_process(1_000), Clock::system());
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
