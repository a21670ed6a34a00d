//! What the cases share.

use std::time::Duration;

use broker::{Broker, BrokerConfig, Task, TaskGuard};
use domain::{Priority, TenantId};
use testkit::eventually;
use testkit::process::poll;
use tokio::runtime::Handle;
use tokio::time::timeout;

pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A broker with queues of its own.
pub(crate) fn broker(url: &str, prefix: &str) -> Broker {
    Broker::rabbitmq(url, &config(prefix)).unwrap()
}

pub(crate) fn config(prefix: &str) -> BrokerConfig {
    BrokerConfig { queue_prefix: prefix.to_owned(), delivery_limit: 3, ..BrokerConfig::default() }
}

pub(crate) fn task(seq: i64, lane: Priority) -> Task {
    Task { tenant: TenantId::DEFAULT, seq, lane, fan_out: false }
}

pub(crate) fn tasks(seqs: std::ops::Range<i64>) -> Vec<Task> {
    seqs.map(|seq| task(seq, Priority::Normal)).collect()
}

/// Publishes until it is confirmed, as the relay does.
pub(crate) async fn publish(broker: &Broker, tasks: &[Task]) {
    eventually(SOON, async || broker.publish(tasks).await).await;
}

/// Takes so many tasks.
pub(crate) async fn take(broker: &Broker, count: usize) -> Vec<TaskGuard> {
    let mut taken = Vec::new();
    let taking = async {
        while taken.len() < count {
            taken.extend(broker.take(count - taken.len()).await);
        }
    };
    let in_time = timeout(SOON, taking).await.is_ok();
    assert!(in_time, "took {} of {count}", taken.len());
    taken
}

/// Takes so many different tasks, does them, and answers their positions in order.
pub(crate) async fn work(broker: &Broker, count: usize) -> Vec<i64> {
    let mut seqs = std::collections::BTreeSet::new();
    let working = async {
        while seqs.len() < count {
            for taken in broker.take(1_000).await {
                seqs.insert(taken.task().seq);
                taken.done();
            }
        }
    };
    let in_time = timeout(SOON, working).await.is_ok();
    assert!(in_time, "worked on {} of {count}", seqs.len());
    seqs.into_iter().collect()
}

/// Works until a task comes; what was done before a connection broke may come again first.
pub(crate) async fn work_until(broker: &Broker, seq: i64) {
    let working = async {
        loop {
            for taken in broker.take(1_000).await {
                let found = taken.task().seq == seq;
                taken.done();
                if found {
                    return;
                }
            }
        }
    };
    assert!(timeout(SOON, working).await.is_ok(), "{seq} did not come");
}

/// Waits until the queue `tasks.NAME` has this depth.
pub(crate) async fn depth(broker: &Broker, name: &str, wanted: i64) {
    let name = format!("tasks.{name}");
    let mut seen = None;
    let reached = until(async || {
        let depths = broker.depths().await.ok().unwrap_or_default();
        seen = depths.into_iter().find(|(queue, _)| *queue == name).map(|(_, depth)| depth);
        seen == Some(wanted)
    });
    assert!(reached, "{name} is {seen:?}, not {wanted}");
}

/// Waits until something is so, and says whether it came to be.
pub(crate) fn until(mut condition: impl AsyncFnMut() -> bool) -> bool {
    tokio::task::block_in_place(|| poll(SOON, || Handle::current().block_on(condition())))
}
