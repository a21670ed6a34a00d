//! What a broker promises, in process and on a private RabbitMQ, and what only RabbitMQ can do to it. One node serves all
//! cases, one after the other, each with queues of its own: a node takes seconds to start.

#![cfg(test)]

#[path = "rabbitmq/cases.rs"]
mod cases;
#[path = "rabbitmq/faults.rs"]
mod faults;
#[path = "rabbitmq/world.rs"]
mod world;

use broker::Broker;
use testkit::rabbitmq::RabbitMq;

#[tokio::test(flavor = "multi_thread")]
async fn queues_in_process_keep_their_promises() {
    for (name, case) in cases::all() {
        println!("in process: {name}");
        case(Broker::in_process(10_000)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_in_rabbitmq_keep_their_promises_whatever_happens_to_it() {
    let mut rabbitmq = tokio::task::block_in_place(RabbitMq::start).unwrap();
    // RabbitMQ 3 forgets the leader of a queue when it is killed within seconds of making it.
    let early = world::broker(&rabbitmq.url(), "killed");
    world::depth(&early, "normal", 0).await;
    early.close().await;
    for (name, case) in cases::all() {
        println!("RabbitMQ: {name}");
        let broker = world::broker(&rabbitmq.url(), name);
        case(broker.clone()).await;
        broker.close().await;
    }
    for (name, fault) in faults::all() {
        println!("RabbitMQ: {name}");
        fault(&mut rabbitmq).await;
    }
}
