//! The same binary over PostgreSQL behind PgBouncer in transaction mode, with fewer connections than there are processes.

#![cfg(test)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use client::Client;
use protocol::{Ack, MessagesQuery, Receive, SendMessage};
use testkit::coord::Coord;
use testkit::eventually;
use testkit::pgbouncer::PgBouncer;
use testkit::postgres::Postgres;
use tokio::time::{Instant, timeout};

const BINARY: &str = env!("CARGO_BIN_EXE_coord");
const SOON: Duration = Duration::from_secs(60);
/// A worker writes every recipient but the first.
const FEW: (&str, &str) = ("COORDINATION__LIMITS__INLINE_RECIPIENTS", "1");

fn to_all(subject: &str) -> SendMessage {
    SendMessage {
        from: Some("code".to_owned()),
        to: Some("*".into()),
        subject: subject.to_owned(),
        body: "Through a pooler".to_owned(),
        ..SendMessage::default()
    }
}

/// Sends, again and again under one key until that is answered; then a worker hands it to both, who acknowledge it.
async fn goes_round(api: &Client, subject: &str) {
    let (until, key) = (Instant::now() + SOON, subject.replace(' ', "-"));
    let sent = eventually(SOON, async || api.send_message(&to_all(subject), Some(&key)).await).await.value.id;
    for agent in ["chat", "human"] {
        loop {
            assert!(Instant::now() < until, "`{subject}` is not handed to {agent}");
            let receive = Receive { wait: Some("5s".to_owned()), ..Receive::default() };
            let Ok(received) = api.receive(agent, &receive).await else { continue };
            let Some(delivery) = received.value.deliveries.into_iter().next() else { continue };
            assert_eq!(delivery.message.id, sent, "`{subject}` is there once");
            let ack = Ack { receipt: Some(delivery.receipt), note: None };
            api.ack(agent, sent, &ack).await.unwrap();
            break;
        }
    }
}

/// A command of the binary on a database.
fn run(home: &Path, database: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(BINARY);
    command.env_clear().env("HOME", home).env("DATABASE_URL", database).args(arguments);
    let output = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {text}");
    text
}

/// Ends every connection that PgBouncer has to the database, wherever it is.
async fn end_all(postgres: &Postgres) {
    let (client, connection) = tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await.unwrap();
    let mut connected = tokio::task::JoinSet::new();
    connected.spawn(connection);
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'coordination'";
    client.batch_execute(sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_parts_work_behind_pgbouncer_and_outlive_it() {
    let mut postgres = Postgres::start().unwrap();
    let mut pgbouncer = PgBouncer::start(postgres.address(), 3).unwrap();
    let home = tempfile::tempdir().unwrap();
    postgres.create_database("coordination").unwrap();
    let database = pgbouncer.url_of("coordination");
    run(home.path(), &database, &["migrate"]);
    let environment = [("DATABASE_URL", &*database), FEW];
    let start = |role| Coord::start_as(role, BINARY, &environment).unwrap();
    let api = start("api");
    let mut workers = vec![start("worker"), start("worker")];
    let client = api.client().unwrap();

    goes_round(&client, "Whole").await;
    // The duties go over to the other.
    workers.remove(0).daemon.kill9();
    goes_round(&client, "One worker less").await;
    end_all(&postgres).await;
    goes_round(&client, "Connections lost behind it").await;
    pgbouncer.daemon.kill9();
    pgbouncer.daemon.restart().unwrap();
    goes_round(&client, "Another pooler").await;
    postgres.daemon.kill9();
    postgres.daemon.restart().unwrap();
    goes_round(&client, "PostgreSQL was away").await;

    let words = MessagesQuery { q: Some("pooler".to_owned()), ..MessagesQuery::default() };
    assert_eq!(client.messages(&words).await.unwrap().value.items.len(), 5);
    assert!(timeout(SOON, client.verify_events()).await.unwrap().unwrap().value.ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_moves_house_through_pgbouncer() {
    let postgres = Postgres::start().unwrap();
    let pgbouncer = PgBouncer::start(postgres.address(), 2).unwrap();
    let home = tempfile::tempdir().unwrap();
    let [from, to] = ["old", "new"].map(|name| {
        postgres.create_database(name).unwrap();
        pgbouncer.url_of(name)
    });
    let mut server = Coord::start(BINARY, &[("DATABASE_URL", &from)]).unwrap();
    run(home.path(), &from, &["--url", &server.url(), "bench", "--messages", "500", "--connections", "8"]);
    server.daemon.stop(SOON).unwrap();
    let folder = home.path().join("house");
    let folder = folder.to_str().unwrap();
    run(home.path(), &from, &["export", "--to", folder]);
    run(home.path(), &to, &["import", "--from", folder]);
    let server = Coord::start(BINARY, &[("DATABASE_URL", &to)]).unwrap();
    assert!(server.client().unwrap().verify_events().await.unwrap().value.ok);
}
