//! What RabbitMQ, and the way to it, can do to a broker.

use std::pin::Pin;
use std::time::Duration;

use broker::{Broker, BrokerConfig, Error, Status};
use domain::{Priority, Span};
use lapin::options::{BasicPublishOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use testkit::proxy::Proxy;
use testkit::rabbitmq::RabbitMq;
use tokio::time::Instant;

use crate::cases::cases;
use crate::world::{broker, config, depth, publish, take, task, tasks, until, work, work_until};

pub(crate) type Fault = for<'a> fn(&'a mut RabbitMq) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

pub(crate) fn all() -> Vec<(&'static str, Fault)> {
    cases![Fault:
        many_tasks_share_a_message,
        what_cannot_be_read_goes_to_the_dead_letters,
        what_waits_too_long_goes_to_the_dead_letters,
        what_a_closed_worker_held_goes_to_another,
        a_queue_with_other_settings_is_used_as_it_is,
        a_deleted_queue_is_made_again,
        a_lane_that_does_not_answer_keeps_no_other_waiting,
        a_lane_that_has_lost_its_leader_keeps_no_other_waiting,
        a_purged_queue_goes_on,
        a_host_that_is_down_is_passed_over,
        a_cut_connection_is_made_again,
        a_silent_host_fails_publishing_in_bounded_time,
        what_was_confirmed_survives_a_kill,
    ]
}

/// An operator's own connection.
struct Operator {
    channel: Channel,
    _connection: Connection,
}

impl Operator {
    async fn of(rabbitmq: &RabbitMq) -> Self {
        let connection = Connection::connect(&rabbitmq.url(), ConnectionProperties::default()).await.unwrap();
        Self { channel: connection.create_channel().await.unwrap(), _connection: connection }
    }
}

async fn many_tasks_share_a_message(rabbitmq: &mut RabbitMq) {
    let broker = broker(&rabbitmq.url(), "many");
    publish(&broker, &tasks(0..1_000)).await;
    depth(&broker, "normal", 10).await;
    let taken = take(&broker, 1_000).await;
    assert!(taken.iter().map(|taken| taken.task().seq).eq(0..1_000));
    taken.into_iter().for_each(broker::TaskGuard::done);
    broker.close().await;
}

async fn what_cannot_be_read_goes_to_the_dead_letters(rabbitmq: &mut RabbitMq) {
    let (broker, operator) = (broker(&rabbitmq.url(), "poison"), Operator::of(rabbitmq).await);
    publish(&broker, &[task(1, Priority::Critical)]).await;
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    let queue = "poison.tasks.critical";
    operator.channel.basic_publish("".into(), queue.into(), options, b"\xffpoison", properties).await.unwrap();
    publish(&broker, &[task(2, Priority::Critical)]).await;
    assert_eq!(work(&broker, 2).await, [1, 2]);
    depth(&broker, "dead", 1).await;
    let letter = broker.dead_letters(10).await.unwrap().remove(0);
    assert_eq!((letter.queue.as_str(), letter.reason.as_str()), (queue, "rejected"));
    assert_eq!(letter.unreadable.as_deref(), Some("\u{fffd}poison"));
    assert!(letter.died_at.is_some());
    assert_eq!(broker.redrive(10).await.unwrap(), 1);
    depth(&broker, "dead", 1).await;
    broker.close().await;
}

async fn what_waits_too_long_goes_to_the_dead_letters(rabbitmq: &mut RabbitMq) {
    let config = BrokerConfig { ttl: Span::from_secs(1), ..config("late") };
    let broker = Broker::rabbitmq(&rabbitmq.url(), &config).unwrap();
    publish(&broker, &tasks(1..2)).await;
    depth(&broker, "dead", 1).await;
    let letter = broker.dead_letters(1).await.unwrap().remove(0);
    assert_eq!((letter.reason.as_str(), letter.tasks), ("expired", tasks(1..2)));
    broker.close().await;
}

async fn what_a_closed_worker_held_goes_to_another(rabbitmq: &mut RabbitMq) {
    let (first, second) = (broker(&rabbitmq.url(), "closed"), broker(&rabbitmq.url(), "closed"));
    publish(&first, &tasks(0..1)).await;
    publish(&first, &tasks(1..3)).await;
    let mut taken = take(&first, 2).await;
    taken.remove(0).done();
    drop(taken);
    first.close().await;
    assert!(matches!(first.publish(&tasks(3..4)).await, Err(Error::Unreachable(_))));
    assert_eq!(work(&second, 2).await, [1, 2]);
    depth(&second, "normal", 0).await;
    second.close().await;
}

async fn a_queue_with_other_settings_is_used_as_it_is(rabbitmq: &mut RabbitMq) {
    let operator = Operator::of(rabbitmq).await;
    let mut settings = FieldTable::default();
    settings.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions::durable();
    operator.channel.queue_declare("other.tasks.high".into(), durable, settings).await.unwrap();
    let broker = broker(&rabbitmq.url(), "other");
    publish(&broker, &[task(1, Priority::High), task(2, Priority::Info)]).await;
    assert_eq!(work(&broker, 2).await, [1, 2]);
    broker.close().await;
}

async fn a_deleted_queue_is_made_again(rabbitmq: &mut RabbitMq) {
    let (broker, operator) = (broker(&rabbitmq.url(), "deleted"), Operator::of(rabbitmq).await);
    publish(&broker, &tasks(1..2)).await;
    assert_eq!(work(&broker, 1).await, [1]);
    let queue = "deleted.tasks.normal";
    operator.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    publish(&broker, &tasks(2..3)).await;
    assert_eq!(work(&broker, 1).await, [2]);
    broker.close().await;
}

async fn a_lane_that_does_not_answer_keeps_no_other_waiting(rabbitmq: &mut RabbitMq) {
    let (broker, stuck) = (broker(&rabbitmq.url(), "frozen"), "frozen.tasks.normal");
    publish(&broker, &tasks(1..2)).await;
    assert_eq!(work(&broker, 1).await, [1]);
    tokio::task::block_in_place(|| rabbitmq.freeze(stuck)).unwrap();
    let late = tasks(2..3);
    let (published, ()) = tokio::join!(broker.publish(&late), others_flow(&broker));
    assert!(matches!(published, Err(Error::Silent(_))));
    assert!(matches!(broker.status(), Status::Degraded(why) if why.contains(stuck)));
    others_flow(&broker).await;
    tokio::task::block_in_place(|| rabbitmq.thaw(stuck)).unwrap();
    publish(&broker, &tasks(3..4)).await;
    work_until(&broker, 3).await;
    assert_eq!(broker.status(), Status::Ok);
    broker.close().await;
}

async fn a_lane_that_has_lost_its_leader_keeps_no_other_waiting(rabbitmq: &mut RabbitMq) {
    let early = broker(&rabbitmq.url(), "headless");
    publish(&early, &tasks(1..2)).await;
    early.close().await;
    let stuck = "headless.tasks.normal";
    tokio::task::block_in_place(|| rabbitmq.behead(stuck)).unwrap();
    // One that begins now is denied the lane, and its connection ended with it.
    let broker = broker(&rabbitmq.url(), "headless");
    for _ in 0..3 {
        assert!(broker.publish(&tasks(2..3)).await.is_err());
        others_flow(&broker).await;
    }
    let operator = Operator::of(rabbitmq).await;
    operator.channel.queue_delete(stuck.into(), QueueDeleteOptions::default()).await.unwrap();
    publish(&broker, &tasks(3..4)).await;
    work_until(&broker, 3).await;
    broker.close().await;
}

/// Shows that every lane but `normal` carries tasks now.
async fn others_flow(broker: &Broker) {
    let lanes = [Priority::Critical, Priority::High, Priority::Info];
    let began = Instant::now();
    for (number, lane) in (100..).zip(lanes) {
        publish(broker, &[task(number, lane)]).await;
    }
    assert_eq!(work(broker, lanes.len()).await, [100, 101, 102]);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

async fn a_purged_queue_goes_on(rabbitmq: &mut RabbitMq) {
    let (broker, operator) = (broker(&rabbitmq.url(), "purged"), Operator::of(rabbitmq).await);
    publish(&broker, &tasks(1..2)).await;
    let purged = operator.channel.queue_purge("purged.tasks.normal".into(), QueuePurgeOptions::default()).await;
    assert_eq!(purged.unwrap(), 1);
    publish(&broker, &tasks(2..3)).await;
    assert_eq!(work(&broker, 1).await, [2]);
    broker.close().await;
}

async fn a_host_that_is_down_is_passed_over(rabbitmq: &mut RabbitMq) {
    let nobody = testkit::port::Port::take().unwrap();
    let url = format!("amqp://guest:guest@{},{}/%2f", nobody.address(), rabbitmq.address());
    let broker = broker(&url, "hosts");
    publish(&broker, &tasks(1..2)).await;
    assert_eq!(work(&broker, 1).await, [1]);
    broker.close().await;
}

async fn a_cut_connection_is_made_again(rabbitmq: &mut RabbitMq) {
    let mut proxy = Proxy::start(rabbitmq.address()).await.unwrap();
    let broker = broker(&format!("amqp://guest:guest@{}/%2f", proxy.address()), "cut");
    publish(&broker, &tasks(0..10)).await;
    let held = take(&broker, 5).await;
    proxy.cut().await;
    // Finished after the cut: nobody hears of it, and they come again.
    held.into_iter().for_each(broker::TaskGuard::done);
    publish(&broker, &tasks(10..20)).await;
    assert!(work(&broker, 20).await.into_iter().eq(0..20));
    proxy.refuse().await;
    assert!(until(async || matches!(broker.status(), Status::Degraded(_))));
    let asked = Instant::now();
    assert!(matches!(broker.publish(&tasks(20..21)).await, Err(Error::Unreachable(_))));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    proxy.restore().await.unwrap();
    publish(&broker, &tasks(21..22)).await;
    work_until(&broker, 21).await;
    assert_eq!(broker.status(), Status::Ok);
    depth(&broker, "dead", 0).await;
    broker.close().await;
}

async fn a_silent_host_fails_publishing_in_bounded_time(rabbitmq: &mut RabbitMq) {
    let mut proxy = Proxy::start(rabbitmq.address()).await.unwrap();
    let broker = broker(&format!("amqp://guest:guest@{}/%2f", proxy.address()), "silent");
    publish(&broker, &tasks(1..2)).await;
    assert_eq!(work(&broker, 1).await, [1]);
    proxy.stall();
    let asked = Instant::now();
    assert!(matches!(broker.publish(&tasks(2..3)).await, Err(Error::Silent(_))));
    assert!(asked.elapsed() < Duration::from_secs(7), "{:?}", asked.elapsed());
    // Whether it is the lane or the whole of it shows when another channel is opened.
    assert!(matches!(broker.publish(&tasks(2..3)).await, Err(Error::Silent(_) | Error::Unreachable(_))));
    assert!(matches!(broker.publish(&tasks(2..3)).await, Err(Error::Unreachable(_))));
    proxy.restore().await.unwrap();
    publish(&broker, &tasks(3..4)).await;
    work_until(&broker, 3).await;
    broker.close().await;
}

async fn what_was_confirmed_survives_a_kill(rabbitmq: &mut RabbitMq) {
    let broker = broker(&rabbitmq.url(), "killed");
    publish(&broker, &tasks(0..300)).await;
    let held = take(&broker, 100).await;
    tokio::task::block_in_place(|| rabbitmq.daemon.kill9());
    let asked = Instant::now();
    assert!(broker.publish(&tasks(300..301)).await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    assert!(until(async || matches!(broker.status(), Status::Degraded(_))));
    drop(held);
    tokio::task::block_in_place(|| rabbitmq.daemon.restart()).unwrap();
    publish(&broker, &tasks(300..400)).await;
    assert!(work(&broker, 400).await.into_iter().eq(0..400));
    depth(&broker, "normal", 0).await;
    depth(&broker, "dead", 0).await;
    broker.close().await;
}
