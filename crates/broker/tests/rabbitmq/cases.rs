//! What every form of the broker promises.

use std::pin::Pin;

use broker::Broker;
use domain::{Priority, TenantId};

use crate::world::{depth, publish, take, task, tasks, work};

pub(crate) type Case = fn(Broker) -> Pin<Box<dyn Future<Output = ()>>>;

/// A list of functions with their names.
macro_rules! cases {
    ($kind:ty: $($name:ident),+ $(,)?) => {
        vec![$((stringify!($name), (|given| Box::pin($name(given))) as $kind)),+]
    };
}
pub(crate) use cases;

pub(crate) fn all() -> Vec<(&'static str, Case)> {
    cases![Case:
        each_lane_keeps_its_order,
        every_field_arrives,
        a_task_that_was_not_done_comes_again,
        a_task_that_comes_back_too_often_goes_to_the_dead_letters_and_can_be_redriven,
        what_is_taken_is_taken_once,
    ]
}

async fn each_lane_keeps_its_order(broker: Broker) {
    let lanes = [Priority::Normal, Priority::Critical, Priority::Normal, Priority::Info, Priority::High];
    let tasks: Vec<_> = (0..100).map(|seq| task(seq, lanes[seq as usize % 5])).collect();
    publish(&broker, &tasks).await;
    let taken = take(&broker, 100).await;
    for lane in Priority::ALL {
        let own = taken.iter().map(broker::TaskGuard::task).filter(|task| task.lane == *lane);
        assert!(own.eq(tasks.iter().copied().filter(|task| task.lane == *lane)), "{lane}");
    }
    taken.into_iter().for_each(broker::TaskGuard::done);
}

async fn every_field_arrives(broker: Broker) {
    let mut sent = task(i64::MAX, Priority::High);
    sent.tenant = TenantId(i64::MAX);
    sent.fan_out = true;
    publish(&broker, &[sent]).await;
    let taken = take(&broker, 1).await.remove(0);
    assert_eq!(taken.task(), sent);
    taken.done();
}

async fn a_task_that_was_not_done_comes_again(broker: Broker) {
    publish(&broker, &tasks(1..3)).await;
    drop(take(&broker, 1).await);
    assert_eq!(work(&broker, 2).await, [1, 2]);
    depth(&broker, "normal", 0).await;
    depth(&broker, "dead", 0).await;
}

async fn a_task_that_comes_back_too_often_goes_to_the_dead_letters_and_can_be_redriven(broker: Broker) {
    let poison = task(13, Priority::High);
    publish(&broker, &[poison]).await;
    let giving_up = async {
        loop {
            drop(broker.take(1).await);
        }
    };
    let dead = async {
        while broker.dead_letters(10).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { () = giving_up => {}, () = dead => {} }
    for _ in 0..2 {
        // What a look has held is back a moment later.
        depth(&broker, "dead", 1).await;
        let letters = broker.dead_letters(10).await.unwrap();
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].reason.as_str(), letters[0].tasks.as_slice()), ("delivery_limit", [poison].as_slice()));
        assert!(letters[0].queue.ends_with("tasks.high"), "{}", letters[0].queue);
    }
    depth(&broker, "dead", 1).await;
    assert_eq!(broker.redrive(10).await.unwrap(), 1);
    assert_eq!(work(&broker, 1).await, [13]);
    depth(&broker, "dead", 0).await;
    assert_eq!(broker.redrive(10).await.unwrap(), 0);
}

async fn what_is_taken_is_taken_once(broker: Broker) {
    publish(&broker, &tasks(0..500)).await;
    let other = broker.clone();
    let (mut mine, others) = tokio::join!(take(&broker, 250), take(&other, 250));
    mine.extend(others);
    let mut seqs: Vec<i64> = mine.iter().map(|taken| taken.task().seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (0..500).collect::<Vec<_>>());
    for taken in mine {
        taken.done();
    }
}
