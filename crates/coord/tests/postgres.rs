//! The same binary over PostgreSQL, RabbitMQ and Redis: what it acknowledged outlives it, its data folder, and the two others.

#![cfg(test)]

use std::process::Command;

use protocol::{Ack, MessagesQuery, Receive, SendMessage};
use testkit::coord::Coord;
use testkit::postgres::Postgres;
use testkit::rabbitmq::RabbitMq;
use testkit::redis::Redis;

fn hello(subject: &str) -> SendMessage {
    SendMessage {
        from: Some("code".to_owned()),
        to: Some("chat".into()),
        subject: subject.to_owned(),
        body: "Running at scale!".to_owned(),
        ..SendMessage::default()
    }
}

fn start(database: &str) -> Coord {
    Coord::start(env!("CARGO_BIN_EXE_coord"), &[("DATABASE_URL", database)]).unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_is_in_the_database() {
    is_in_the_database(&Postgres::start().unwrap()).await;
}

#[tokio::test]
async fn what_was_acknowledged_is_in_postgresql_16_17_and_18() {
    for version in [16, 17, 18] {
        is_in_the_database(&Postgres::start_version(version, &[]).unwrap()).await;
    }
}

async fn is_in_the_database(postgres: &Postgres) {
    let database = postgres.create_database("coordination").unwrap();
    let migrated =
        Command::new(env!("CARGO_BIN_EXE_coord")).env_clear().env("DATABASE_URL", &database).arg("migrate").status();
    assert!(migrated.unwrap().success());
    let mut first = start(&database);
    let client = first.client().unwrap();
    let sent = client.send_message(&hello("Hello k8s"), None).await.unwrap().value;
    first.daemon.kill9();

    // Another process with another data folder, and beside it a third.
    let (second, third) = (start(&database), start(&database));
    let (one, other) = (second.client().unwrap(), third.client().unwrap());
    let received = one.receive("chat", &Receive::default()).await.unwrap().value.deliveries;
    assert_eq!(received.iter().map(|delivery| delivery.message.id).collect::<Vec<_>>(), [sent.id]);
    let ack = Ack { receipt: Some(received[0].receipt.clone()), note: None };
    other.ack("chat", sent.id, &ack).await.unwrap();
    let found = other.send_message(&hello("Found at once"), None).await.unwrap().value;
    let waited = Receive { wait: Some("10s".to_owned()), ..Receive::default() };
    let received = one.receive("chat", &waited).await.unwrap().value.deliveries;
    assert_eq!(received[0].message.id, found.id);
    let words = MessagesQuery { q: Some("at once".to_owned()), ..MessagesQuery::default() };
    assert_eq!(one.messages(&words).await.unwrap().value.items[0].id, found.id);
    assert!(one.verify_events().await.unwrap().value.ok);
}

#[tokio::test]
async fn messages_go_on_while_rabbitmq_and_redis_are_away() {
    let postgres = Postgres::start().unwrap();
    let database = postgres.create_database("coordination").unwrap();
    let (mut rabbitmq, mut redis) = (RabbitMq::start().unwrap(), Redis::start().unwrap());
    let (queues, memory) = (rabbitmq.url(), redis.url());
    let environment = [("DATABASE_URL", &*database), ("RABBITMQ_URL", &*queues), ("REDIS_URL", &*memory)];
    let start = || Coord::start(env!("CARGO_BIN_EXE_coord"), &environment).unwrap();
    let (first, second) = (start(), start());
    let (one, other) = (first.client().unwrap(), second.client().unwrap());
    for away in [false, true] {
        if away {
            rabbitmq.daemon.kill9();
            redis.daemon.kill9();
        }
        let waited = Receive { wait: Some("20s".to_owned()), ..Receive::default() };
        let (hello, receive) = (hello("Across servers"), one.receive("chat", &waited));
        let (received, sent) = tokio::join!(receive, other.send_message(&hello, None));
        let (received, sent) = (received.unwrap().value.deliveries, sent.unwrap().value);
        assert_eq!(received[0].message.id, sent.id, "away: {away}");
    }
    assert!(one.verify_events().await.unwrap().value.ok);
}

#[test]
fn migrate_waits_for_a_database_that_starts_later() {
    let mut postgres = Postgres::start().unwrap();
    let database = postgres.create_database("later").unwrap();
    postgres.daemon.kill9();
    let migrate = |timeout: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coord"));
        command.env_clear().env("DATABASE_URL", &database).args(["migrate", "--timeout", timeout]);
        command.stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let output = migrate("1s").wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let waiting = migrate("2m");
    postgres.daemon.restart().unwrap();
    let output = waiting.wait_with_output().unwrap();
    assert!(output.status.success() && said(&output).ends_with("the database is up to date\n"), "{}", said(&output));
}
