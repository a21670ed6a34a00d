//! The queues in process: one per lane, bounded, the more urgent lane first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Priority;
use tokio::sync::Notify;

use crate::Task;

/// Work queues. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub struct Broker {
    inner: Arc<Inner>,
}

struct Inner {
    lanes: Mutex<[VecDeque<Task>; 4]>,
    capacity: usize,
    came: Notify,
    went: Notify,
}

/// A task in a worker's hands; dropped without [`Taken::done`], it goes back to the front of its lane.
pub struct Taken {
    task: Option<Task>,
    broker: Broker,
}

impl Broker {
    /// Queues in this process that hold so many tasks, all lanes together.
    pub fn in_process(capacity: usize) -> Self {
        let lanes = Mutex::new(std::array::from_fn(|_| VecDeque::new()));
        Self { inner: Arc::new(Inner { lanes, capacity, came: Notify::new(), went: Notify::new() }) }
    }

    fn lanes(&self) -> std::sync::MutexGuard<'_, [VecDeque<Task>; 4]> {
        self.inner.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues tasks in their order; waits for room.
    pub async fn publish(&self, tasks: &[Task]) {
        let mut rest = tasks.iter().copied().peekable();
        loop {
            let room = self.inner.went.notified();
            {
                let mut lanes = self.lanes();
                let mut held: usize = lanes.iter().map(VecDeque::len).sum();
                while held < self.inner.capacity
                    && let Some(task) = rest.next()
                {
                    lanes[task.lane as usize].push_back(task);
                    held += 1;
                }
            }
            self.inner.came.notify_one();
            if rest.peek().is_none() {
                return;
            }
            room.await;
        }
    }

    /// Takes the next tasks, the most urgent first; waits for the first one.
    pub async fn take(&self, max: usize) -> Vec<Taken> {
        loop {
            let came = self.inner.came.notified();
            let taken = self.take_now(max);
            if !taken.is_empty() {
                self.inner.went.notify_one();
                // Whoever else waits looks whether there is more.
                self.inner.came.notify_one();
                return taken;
            }
            came.await;
        }
    }

    fn take_now(&self, max: usize) -> Vec<Taken> {
        let mut lanes = self.lanes();
        let next = |lanes: &mut [VecDeque<Task>; 4]| lanes.iter_mut().find_map(VecDeque::pop_front);
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(task) = next(&mut lanes)
        {
            taken.push(Taken { task: Some(task), broker: self.clone() });
        }
        taken
    }

    /// How many tasks wait, by queue.
    pub fn depths(&self) -> Vec<(String, i64)> {
        let lanes = self.lanes();
        Priority::ALL
            .iter()
            .zip(lanes.iter())
            .map(|(lane, queue)| (format!("tasks.{lane}"), queue.len() as i64))
            .collect()
    }
}

impl Taken {
    /// The task.
    pub fn task(&self) -> Task {
        // Only `done` and `drop` take it out, and both end this value.
        self.task.unwrap_or(Task { tenant: domain::TenantId(0), seq: 0, lane: Priority::Info, fan_out: false })
    }

    /// Says that the task is done and need not come again.
    pub fn done(mut self) {
        self.task = None;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            self.broker.lanes()[task.lane as usize].push_front(task);
            self.broker.inner.came.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::TenantId;

    use super::*;

    fn task(seq: i64, lane: Priority) -> Task {
        Task { tenant: TenantId::DEFAULT, seq, lane, fan_out: false }
    }

    #[tokio::test]
    async fn the_more_urgent_lane_goes_first_and_each_lane_in_order() {
        let broker = Broker::in_process(10);
        let tasks = [task(1, Priority::Normal), task(2, Priority::Critical), task(3, Priority::Normal)];
        broker.publish(&tasks).await;
        let taken = broker.take(10).await;
        let seqs: Vec<i64> = taken.iter().map(|taken| taken.task().seq).collect();
        assert_eq!(seqs, [2, 1, 3]);
    }

    #[tokio::test]
    async fn a_task_that_was_not_done_comes_again() {
        let broker = Broker::in_process(10);
        broker.publish(&[task(1, Priority::Info), task(2, Priority::Info)]).await;
        drop(broker.take(1).await);
        let mut taken = broker.take(2).await;
        assert_eq!(taken[0].task().seq, 1);
        taken.remove(0).done();
        drop(taken);
        assert_eq!(broker.take(2).await.len(), 1);
    }

    #[tokio::test]
    async fn a_full_queue_makes_the_publisher_wait() {
        let broker = Broker::in_process(1);
        let (first, second) = (task(1, Priority::High), task(2, Priority::High));
        let tasks = [first, second];
        let publish = broker.publish(&tasks);
        let take = async {
            broker.take(1).await.remove(0).done();
            broker.take(1).await.remove(0).task().seq
        };
        let ((), seq) = tokio::join!(publish, take);
        assert_eq!(seq, 2);
    }
}
