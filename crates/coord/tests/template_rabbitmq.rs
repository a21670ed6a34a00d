//! RabbitMQ as the Kubernetes template runs it, with the definitions that `coord secrets` makes: three nodes find each other, let
//! in the application and nobody else, carry the binary's queues through a dead letter, and go on when a node dies or is drained.

#![cfg(test)]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use broker::{Broker, BrokerConfig, Task};
use domain::{Priority, TenantId};
use testkit::eventually;
use testkit::http;
use testkit::process::poll;
use testkit::rabbitmq_cluster::RabbitMqCluster;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_find_each_other_and_carry_tasks_through_the_loss_of_one() {
    let secret = secret("rabbitmq-credentials");
    let start = || RabbitMqCluster::start(&secret["definitions.json"], &secret["erlang-cookie"]);
    let mut cluster = tokio::task::block_in_place(start).unwrap();
    tokio::task::block_in_place(|| all_three_run(&cluster));
    tokio::task::block_in_place(|| only_the_application_is_let_in(&cluster, &secret["password"]));

    let config = BrokerConfig { delivery_limit: 3, ..BrokerConfig::default() };
    let url = cluster.url(&secret["username"], &secret["password"]);
    let broker = Broker::rabbitmq(&url, &config).unwrap();
    a_dead_letter_comes_back(&broker).await;
    tokio::task::block_in_place(|| the_policy_and_the_metrics_are_there(&cluster));

    cluster.nodes[1].kill9();
    tasks_travel(&broker, 100).await;
    tokio::task::block_in_place(|| cluster.nodes[1].restart()).unwrap();
    tokio::task::block_in_place(|| all_three_run(&cluster));

    tokio::task::block_in_place(|| cluster.run(0, "drain.sh", &[])).unwrap();
    tasks_travel(&broker, 200).await;
    broker.close().await;
}

/// What `coord secrets print` puts into a Secret, by key.
fn secret(name: &str) -> BTreeMap<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coord"));
    let output = command.env_clear().args(["secrets", "print", "--namespace", "coordination"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let wanted = format!("  name: {name}\n");
    let document = text.split("---\n").find(|document| document.contains(&wanted)).expect("the Secret is printed");
    let values = document.split_once("stringData:\n").expect("it has values").1.lines();
    let parse = |line: &str| {
        let (key, value) = line.trim().split_once(": ")?;
        Some((key.to_owned(), serde_json::from_str(value).ok()?))
    };
    values.filter_map(parse).collect()
}

fn all_three_run(cluster: &RabbitMqCluster) {
    let status = || cluster.run(0, "rabbitmqctl", &["-q", "cluster_status", "--formatter", "json"]).unwrap_or_default();
    let running = || {
        let status: serde_json::Value = serde_json::from_str(&status()).unwrap_or_default();
        status["running_nodes"].as_array().map(Vec::len)
    };
    assert!(poll(SOON, || running() == Some(RabbitMqCluster::NODES)), "{}", status());
}

fn only_the_application_is_let_in(cluster: &RabbitMqCluster, password: &str) {
    let users = cluster.run(0, "rabbitmqctl", &["-q", "--silent", "list_users", "--formatter", "json"]).unwrap();
    let users: serde_json::Value = serde_json::from_str(&users).unwrap();
    let names: Vec<&str> = users.as_array().unwrap().iter().filter_map(|user| user["user"].as_str()).collect();
    assert_eq!(names, ["coordination"]);
    let enters =
        |user: &str, password: &str| cluster.run(0, "rabbitmqctl", &["authenticate_user", user, password]).is_ok();
    assert!(enters("coordination", password));
    assert!(!enters("coordination", "guest"));
    assert!(!enters("guest", "guest"));
}

fn task(seq: i64) -> Task {
    Task { tenant: TenantId::DEFAULT, seq, lane: Priority::Normal, fan_out: false }
}

/// Publishes until it is confirmed, as the relay does.
async fn publish(broker: &Broker, tasks: &[Task]) {
    eventually(SOON, async || broker.publish(tasks).await).await;
}

/// Takes tasks until this one comes, and does them all; what was done when a connection broke may come again first.
async fn work_until(broker: &Broker, seq: i64) {
    let working = async {
        loop {
            for taken in broker.take(100).await {
                let found = taken.task().seq == seq;
                taken.done();
                if found {
                    return;
                }
            }
        }
    };
    timeout(SOON, working).await.expect("the task comes in time");
}

async fn tasks_travel(broker: &Broker, first: i64) {
    for seq in first..first + 10 {
        publish(broker, &[task(seq)]).await;
        work_until(broker, seq).await;
    }
}

/// A task that nobody can do ends among the dead letters, and is done once it is driven back.
async fn a_dead_letter_comes_back(broker: &Broker) {
    publish(broker, &[task(13)]).await;
    let giving_up = async {
        loop {
            drop(broker.take(1).await);
        }
    };
    let dead = eventually(SOON, async || match broker.dead_letters(10).await {
        Ok(letters) if letters.len() == 1 => Ok(()),
        _ => Err("it is not dead yet"),
    });
    tokio::select! { () = giving_up => {}, () = dead => {} }
    eventually(SOON, async || match broker.redrive(10).await {
        Ok(1) => Ok(()),
        _ => Err("it is not driven back yet"),
    })
    .await;
    work_until(broker, 13).await;
}

fn the_policy_and_the_metrics_are_there(cluster: &RabbitMqCluster) {
    let args = ["-q", "--silent", "list_queues", "--formatter", "json", "name", "type", "policy"];
    let queues: serde_json::Value = serde_json::from_str(&cluster.run(0, "rabbitmqctl", &args).unwrap()).unwrap();
    let normal = queues.as_array().unwrap().iter().find(|queue| queue["name"] == "coordination.tasks.normal").unwrap();
    assert_eq!((&normal["type"], &normal["policy"]), (&"quorum".into(), &"coordination-tasks".into()));
    let wanted = "rabbitmq_detailed_queue_messages{vhost=\"/\",queue=\"coordination.tasks.normal\"}";
    let path = "/metrics/detailed?family=queue_coarse_metrics";
    let metrics = || (0..3).filter_map(|number| http::get(cluster.prometheus(number), path)).map(|(_, text)| text);
    assert!(poll(SOON, || metrics().any(|text| text.contains(wanted))), "{:?}", metrics().collect::<Vec<_>>());
    assert_eq!(http::status(cluster.management(0), "/api/overview"), Some(401));
}
