//! What is left when a part is away: everything that does not need it, and a quick and honest answer where something does.

#![cfg(test)]

use std::net::SocketAddr;
use std::time::Duration;

use client::Client;
use client::Error;
use protocol::{CheckStatus, InboxQuery, Problem, Receive, SendMessage};
use testkit::coord::Coord;
use testkit::eventually;
use testkit::postgres::Postgres;
use testkit::proxy::Proxy;
use testkit::rabbitmq::RabbitMq;
use testkit::redis::Redis;
use tokio::time::timeout;

const BINARY: &str = env!("CARGO_BIN_EXE_coord");
const SOON: Duration = Duration::from_secs(60);
/// Longer than any answer may take, and well below what a client waits for one.
const IN_TIME: Duration = Duration::from_secs(20);

fn hello(to: &str, subject: &str) -> SendMessage {
    SendMessage {
        from: Some("code".to_owned()),
        to: Some(to.into()),
        subject: subject.to_owned(),
        body: "Running at scale!".to_owned(),
        ..SendMessage::default()
    }
}

/// The same URL through a proxy.
fn through(url: &str, from: SocketAddr, proxy: &Proxy) -> String {
    url.replace(&from.to_string(), &proxy.address().to_string())
}

/// The problem that a request is answered with, in time.
async fn problem<T: std::fmt::Debug>(request: impl Future<Output = Result<T, Error>>) -> Problem {
    match timeout(IN_TIME, request).await.expect("an answer comes in time") {
        Err(Error::Problem(problem)) => *problem,
        other => panic!("{other:?}"),
    }
}

fn is_honest(problem: &Problem) {
    assert_eq!(problem.status, 503, "{problem:?}");
    assert!(problem.retry_after_s.is_some_and(|seconds| (1..=60).contains(&seconds)), "{problem:?}");
}

/// Sends again and again, as clients do, until it is done.
async fn sent_at_last(client: &Client, subject: &str) {
    eventually(SOON, async || client.send_message(&hello("chat", subject), None).await).await;
}

/// What `/ready` says of each part that is not well, and the status it says it with.
async fn ailing(client: &Client) -> (u16, Vec<(String, CheckStatus)>) {
    let (status, checks) = match client.ready().await {
        Ok(answer) => (answer.status, answer.value.checks),
        Err(error) => panic!("{error}"),
    };
    let ailing = checks.into_iter().filter(|(_, check)| check.status != CheckStatus::Ok);
    (status, ailing.map(|(name, check)| (name, check.status)).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_every_answer_is_503_in_time_and_all_goes_on_by_itself() {
    let postgres = Postgres::start().unwrap();
    let mut proxy = Proxy::start(postgres.address()).await.unwrap();
    let database = through(&postgres.url(), postgres.address(), &proxy);
    let environment = [
        ("DATABASE_URL", &*database),
        ("COORDINATION__DATABASE__QUERY_TIMEOUT", "1s"),
        ("COORDINATION__DATABASE__CONNECT_TIMEOUT", "1s"),
        ("COORDINATION__DATABASE__RESOLVE_TIMEOUT", "2s"),
    ];
    let api = Coord::start_as("api", BINARY, &environment).unwrap();
    let client = api.client().unwrap();
    for silent in [true, false] {
        sent_at_last(&client, "Before").await;
        if silent {
            proxy.stall();
        } else {
            proxy.refuse().await;
        }
        let mut sending = tokio::task::JoinSet::new();
        for number in 0..50 {
            let client = client.clone();
            sending.spawn(async move {
                problem(client.send_message(&hello("chat", &format!("Lost {number}")), None)).await
            });
        }
        sending.join_all().await.iter().for_each(is_honest);
        is_honest(&problem(client.receive("chat", &Receive::default())).await);
        is_honest(&problem(client.inbox("chat", &InboxQuery::default())).await);
        assert_eq!(client.health().await.unwrap().status, 200);
        let (status, ailing) = ailing(&client).await;
        assert_eq!(status, 503, "{ailing:?}");
        assert!(ailing.contains(&("store".to_owned(), CheckStatus::Failed)), "{ailing:?}");
        proxy.restore().await.unwrap();
        sent_at_last(&client, "After").await;
        assert_eq!(client.ready().await.unwrap().status, 200);
    }
    assert!(client.verify_events().await.unwrap().value.ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_database_lets_few_wait_and_turns_the_others_away_at_once() {
    let postgres = Postgres::start().unwrap();
    let environment = [
        ("DATABASE_URL", &*postgres.url()),
        ("COORDINATION__DATABASE__QUERY_TIMEOUT", "1m"),
        ("COORDINATION__LIMITS__QUEUE_DEPTH", "16"),
    ];
    let api = Coord::start_as("api", BINARY, &environment).unwrap();
    let client = api.client().unwrap();
    sent_at_last(&client, "Before").await;
    // Who holds the head's row makes every commit as slow as it likes.
    let (slow, connection) = tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await.unwrap();
    let mut connected = tokio::task::JoinSet::new();
    connected.spawn(connection);
    slow.batch_execute("BEGIN; SELECT 1 FROM tenants FOR UPDATE").await.unwrap();
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..200 {
        let client = client.clone();
        sending.spawn(async move { client.send_message(&hello("chat", &format!("Number {number}")), None).await });
    }
    // What is in the committer's hands, and what waits behind it, is all that waits.
    let mut turned_away = 0;
    while turned_away < 200 - 2 * 16 {
        let outcome = timeout(IN_TIME, sending.join_next()).await.expect("at once").unwrap().unwrap();
        let Err(Error::Problem(refused)) = outcome else { panic!("{outcome:?}") };
        is_honest(&refused);
        assert_eq!(refused.code, "overloaded");
        turned_away += 1;
    }
    assert_eq!(client.ready().await.unwrap().status, 200, "reading goes on");
    slow.batch_execute("ROLLBACK").await.unwrap();
    let rest = timeout(IN_TIME, sending.join_all()).await.expect("at once");
    let served = rest.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((16..=2 * 16).contains(&served), "who waited is served: {rest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_rabbitmq_and_redis_messages_go_on_and_tasks_catch_up() {
    let postgres = Postgres::start().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), Redis::start().unwrap());
    let mut queues = Proxy::start(rabbitmq.address()).await.unwrap();
    let mut memory = Proxy::start(redis.address()).await.unwrap();
    let database = postgres.url();
    let broker = through(&rabbitmq.url(), rabbitmq.address(), &queues);
    let ephemeral = through(&redis.url(), redis.address(), &memory);
    let environment = [
        ("DATABASE_URL", &*database),
        ("RABBITMQ_URL", &*broker),
        ("REDIS_URL", &*ephemeral),
        ("COORDINATION__LIMITS__INLINE_RECIPIENTS", "1"),
        ("COORDINATION__LIMITS__RATE_PER_TENANT", "100000/h"),
    ];
    let _worker = Coord::start_as("worker", BINARY, &environment).unwrap();
    let start = || Coord::start_as("api", BINARY, &environment).unwrap();
    let (first, second) = (start(), start());
    let (one, other) = (&first.client().unwrap(), &second.client().unwrap());
    for refused in [true, false] {
        if refused {
            queues.refuse().await;
            memory.refuse().await;
        } else {
            queues.stall();
            memory.stall();
        }
        // What the last round has left is out of the way.
        let all = Receive { max: Some(100), lease: Some("1h".to_owned()), ..Receive::default() };
        other.receive("chat", &all).await.unwrap();
        // A waiting receiver is woken by nobody, and looks.
        let wait = Receive { wait: Some("30s".to_owned()), ..Receive::default() };
        let letter = hello("chat", "Still here");
        let (received, sent) = tokio::join!(other.receive("chat", &wait), one.send_message(&letter, None));
        let (received, sent) = (received.unwrap().value.deliveries, sent.unwrap().value);
        assert_eq!(received[0].message.id, sent.id, "refused: {refused}");
        let task = one.send_message(&hello("*", &format!("Task {refused}")), None).await.unwrap().value;
        let found = eventually(SOON, async || {
            let (status, found) = ailing(one).await;
            assert_eq!(status, 200, "it is ready without them");
            let both = found.iter().map(|(name, _)| &**name).eq(["broker", "ephemeral"]);
            if both { Ok(found) } else { Err(found) }
        })
        .await;
        assert!(found.iter().all(|(_, status)| *status == CheckStatus::Degraded), "{found:?}");
        let waiting = one.message(task.id).await.unwrap().value;
        assert!(format!("{:?}", waiting.recipients).to_lowercase().contains("fanning"), "{:?}", waiting.recipients);
        queues.restore().await.unwrap();
        memory.restore().await.unwrap();
        is_caught_up(one, &format!("Task {refused}")).await;
    }
    assert!(one.verify_events().await.unwrap().value.ok);
}

/// Waits until workers have written the recipients of a message.
async fn is_caught_up(client: &Client, subject: &str) {
    for agent in ["chat", "human"] {
        eventually(SOON, async || {
            let inbox = client.inbox(agent, &InboxQuery::default()).await.unwrap().value;
            let there = inbox.items.iter().any(|item| item.message.subject == subject);
            if there { Ok(()) } else { Err(format!("`{subject}` did not reach {agent}")) }
        })
        .await;
    }
}
