//! The same binary as several processes: an API that hands out tasks, and workers that see to them.

#![cfg(test)]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use client::Upload;
use protocol::{InboxQuery, SendMessage};
use testkit::coord::Coord;
use testkit::eventually;
use testkit::postgres::Postgres;
use testkit::process::{Signal, poll};
use testkit::rabbitmq::RabbitMq;

const BINARY: &str = env!("CARGO_BIN_EXE_coord");
const SOON: Duration = Duration::from_secs(30);

/// To everybody, which is more than is written before the answer: a worker writes the rest.
fn to_everybody(subject: &str) -> SendMessage {
    SendMessage {
        from: Some("code".to_owned()),
        to: Some("*".into()),
        subject: subject.to_owned(),
        body: "Running at scale!".to_owned(),
        ..SendMessage::default()
    }
}

const FEW: (&str, &str) = ("COORDINATION__LIMITS__INLINE_RECIPIENTS", "1");

/// Sends through the API, and waits until a worker has written every recipient.
async fn is_worked_on(api: &Coord, subject: &str) {
    let client = api.client().unwrap();
    client.send_message(&to_everybody(subject), None).await.unwrap();
    for agent in ["chat", "human"] {
        eventually(SOON, async || {
            let inbox = client.inbox(agent, &InboxQuery::default()).await.unwrap().value;
            let there = inbox.items.iter().any(|item| item.message.subject == subject);
            if there { Ok(()) } else { Err(format!("`{subject}` is not in the inbox of {agent}")) }
        })
        .await;
    }
}

/// The answer to a `GET` over a connection of its own; nothing where nobody listens.
fn get(address: SocketAddr, path: &str) -> String {
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        let _ = stream.set_read_timeout(Some(SOON));
        let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let _ = stream.read_to_string(&mut answer);
    }
    answer
}

#[test]
fn without_a_database_a_part_does_not_start_and_says_what_to_set() {
    for role in ["api", "worker"] {
        let output = Command::new(BINARY).arg(role).env_clear().output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{role}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("set DATABASE_URL") && said.contains(&format!("coord {role}")), "{said}");
    }
}

#[tokio::test]
async fn an_api_hands_its_tasks_to_workers_through_rabbitmq_or_else_the_database() {
    let postgres = Postgres::start().unwrap();
    let rabbitmq = RabbitMq::start().unwrap();
    let queues = rabbitmq.url();
    for (name, broker) in [("plain", None), ("queued", Some(("RABBITMQ_URL", &*queues)))] {
        let database = postgres.create_database(name).unwrap();
        let environment: Vec<_> = [("DATABASE_URL", &*database), FEW].into_iter().chain(broker).collect();
        // The worker comes first: what it finds no agents in, it leaves without.
        let worker = Coord::start_as("worker", BINARY, &environment).unwrap();
        let api = Coord::start_as("api", BINARY, &environment).unwrap();
        is_worked_on(&api, name).await;
        for part in [&api, &worker] {
            let written: Vec<_> = fs::read_dir(part.daemon.folder()).unwrap().map(|entry| entry.unwrap()).collect();
            let names: Vec<_> = written.iter().map(fs::DirEntry::file_name).collect();
            assert_eq!(names, ["log"], "a part keeps nothing on disk");
        }
        assert!(api.client().unwrap().verify_events().await.unwrap().value.ok);
    }
}

#[tokio::test]
async fn a_worker_says_how_it_is_and_serves_nothing_else() {
    let postgres = Postgres::start().unwrap();
    let database = postgres.url();
    let delay = ("COORDINATION__SERVER__DRAIN_DELAY", "3s");
    let mut worker = Coord::start_as("worker", BINARY, &[("DATABASE_URL", &database), delay]).unwrap();
    let address = worker.address();
    assert!(get(address, "/health").starts_with("HTTP/1.1 200"));
    assert!(get(address, "/api/v1/agents").starts_with("HTTP/1.1 404"));
    let metrics = get(worker.metrics_address(), "/metrics");
    assert!(metrics.contains("queue_messages{queue=\"tasks.normal\"}"), "{metrics}");

    worker.daemon.process().unwrap().signal(Signal::TERM);
    assert!(poll(SOON, || get(address, "/ready").starts_with("HTTP/1.1 503")), "{}", worker.daemon.log());
    assert!(get(address, "/health").starts_with("HTTP/1.1 200"), "it is alive until it ends");
    let status = worker.daemon.process().unwrap().wait(SOON);
    assert!(status.is_some_and(|status| status.success()), "{status:?}\n{}", worker.daemon.log());
}

#[tokio::test]
async fn an_api_without_a_place_for_attachments_says_what_to_set() {
    let postgres = Postgres::start().unwrap();
    let api = Coord::start_as("api", BINARY, &[("DATABASE_URL", &postgres.url())]).unwrap();
    let upload = Upload { reader: &b"report"[..], size: Some(6), media_type: "text/plain".to_owned(), name: None };
    let refused = api.client().unwrap().store_attachment(upload).await.unwrap_err();
    assert_eq!(refused.code(), Some("attachments-disabled"));
    assert!(refused.to_string().contains("attachments.url") || format!("{refused:?}").contains("attachments.url"));
    assert!(api.daemon.log().contains("attachments.url"), "{}", api.daemon.log());
}

#[tokio::test]
async fn dead_tasks_are_looked_at_and_put_back() {
    let (postgres, rabbitmq) = (Postgres::start().unwrap(), RabbitMq::start().unwrap());
    let (database, queues) = (postgres.url(), rabbitmq.url());
    let soon_dead = ("COORDINATION__RABBITMQ__TTL", "1s");
    let environment = [("DATABASE_URL", &*database), ("RABBITMQ_URL", &*queues), soon_dead, FEW];
    let api = Coord::start_as("api", BINARY, &environment).unwrap();
    let queue = |arguments: &[&str]| {
        let mut command = api.command();
        command.arg("queue").args(arguments).arg("--json").env("RABBITMQ_URL", &queues);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let count = |name: &str| {
        let depths = queue(&[]);
        let found = depths["queues"].as_array().unwrap().iter().find(|row| row["queue"] == name).cloned();
        found.unwrap()["messages"].as_i64().unwrap()
    };
    let sent = api.client().unwrap().send_message(&to_everybody("Nobody works"), None).await.unwrap().value;
    assert!(poll(SOON, || count("tasks.dead") == 1), "without a worker it waits too long");
    let letters = queue(&["peek"]);
    let letter = &letters["items"][0];
    assert_eq!((letter["reason"].as_str(), letter["tasks"][0]["seq"].as_u64()), (Some("expired"), Some(sent.seq)));
    assert_eq!(count("tasks.dead"), 1, "it was only looked at");

    let _worker = Coord::start_as("worker", BINARY, &environment).unwrap();
    assert_eq!(queue(&["redrive"])["redriven"], 1);
    assert!(poll(SOON, || count("tasks.dead") == 0 && count("tasks.normal") == 0), "it is worked on");
    is_worked_on(&api, "Somebody works").await;
}

#[test]
fn without_rabbitmq_there_is_no_queue_to_ask_and_without_an_answer_nothing_hangs() {
    let ask = |url: &[(&str, &str)]| {
        let output = Command::new(BINARY).arg("queue").env_clear().envs(url.iter().copied()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = ask(&[]);
    assert!(code == Some(2) && said.contains("set RABBITMQ_URL") && said.contains("queue_messages"), "{code:?} {said}");
    let nobody = testkit::port::Port::take().unwrap();
    let (code, said) = ask(&[("RABBITMQ_URL", &format!("amqp://guest:hunter2@{}", nobody.address()))]);
    assert!(code == Some(3) && !said.contains("hunter2"), "{code:?} {said}");
}
