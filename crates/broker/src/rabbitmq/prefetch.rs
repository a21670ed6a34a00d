//! What has come from RabbitMQ and waits for a worker of this process.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapin::Acker;
use tokio::sync::{Notify, mpsc};

use crate::task_guard::Origin;
use crate::{Task, TaskGuard};

/// A message whose tasks are in hand. When the last of them is let go it is acked, if all of them are done; if not, it goes
/// back to its queue, and all of them come again.
pub(crate) struct Batch {
    acker: Acker,
    left: AtomicUsize,
    settle: mpsc::UnboundedSender<Settled>,
}

/// What RabbitMQ is to be told of a message.
pub(super) struct Settled {
    pub(super) acker: Acker,
    pub(super) outcome: Outcome,
}

/// What became of a message.
pub(super) enum Outcome {
    /// All of it is done.
    Done,
    /// Some of it is not: it is to come again, which RabbitMQ counts.
    Unfinished,
    /// Nobody can read it.
    Unreadable,
}

impl Batch {
    pub(super) fn new(acker: Acker, tasks: usize, settle: mpsc::UnboundedSender<Settled>) -> Self {
        Self { acker, left: AtomicUsize::new(tasks), settle }
    }

    /// Says that one task more is done.
    pub(crate) fn one_done(&self) {
        self.left.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let done = self.left.load(Ordering::Acquire) == 0;
        let outcome = if done { Outcome::Done } else { Outcome::Unfinished };
        // Where the connection is gone, RabbitMQ has taken the message back by itself.
        let _ = self.settle.send(Settled { acker: self.acker.clone(), outcome });
    }
}

/// Tasks by lane, each with its message.
type Lanes = [VecDeque<(Task, Arc<Batch>)>; 4];

/// What no worker has taken yet.
#[derive(Default)]
pub(super) struct Prefetch {
    lanes: Mutex<Lanes>,
    came: Notify,
}

impl Prefetch {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, tasks: Vec<Task>, batch: Batch) {
        let batch = Arc::new(batch);
        let mut lanes = self.lanes();
        for task in tasks {
            lanes[task.lane as usize].push_back((task, Arc::clone(&batch)));
        }
        self.came.notify_one();
    }

    /// Takes the next tasks, the most urgent first; waits for the first one.
    pub(super) async fn take(&self, max: usize) -> Vec<TaskGuard> {
        loop {
            let came = self.came.notified();
            let taken = self.take_now(max);
            if !taken.is_empty() {
                // Another waiter checks whether there is more.
                self.came.notify_one();
                return taken;
            }
            came.await;
        }
    }

    fn take_now(&self, max: usize) -> Vec<TaskGuard> {
        let mut lanes = self.lanes();
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some((task, batch)) = lanes.iter_mut().find_map(VecDeque::pop_front)
        {
            taken.push(TaskGuard::new(task, Origin::Batch(batch)));
        }
        taken
    }

    /// Lets go of everything that no worker has taken.
    pub(super) fn clear(&self) {
        let lanes = std::mem::take(&mut *self.lanes());
        drop(lanes);
    }
}

#[cfg(test)]
mod tests {
    use domain::{Priority, TenantId};
    use lapin::message::Delivery;

    use super::*;

    /// Holds two messages: an urgent task, and two that are not.
    fn prefetch() -> (Prefetch, mpsc::UnboundedReceiver<Settled>) {
        let (settle, settled) = mpsc::unbounded_channel();
        let prefetch = Prefetch::default();
        let task = |seq, lane| Task { tenant: TenantId::DEFAULT, seq, lane, fan_out: false };
        let lots = [vec![task(1, Priority::Normal), task(2, Priority::Normal)], vec![task(3, Priority::Critical)]];
        for (tag, tasks) in (1..).zip(lots) {
            let acker = Delivery::mock(tag, "".into(), "".into(), false, Vec::new()).acker;
            prefetch.put(tasks.clone(), Batch::new(acker, tasks.len(), settle.clone()));
        }
        (prefetch, settled)
    }

    #[tokio::test]
    async fn the_more_urgent_lane_goes_first() {
        let (prefetch, _settled) = prefetch();
        let seqs: Vec<i64> = prefetch.take(10).await.iter().map(|taken| taken.task().seq).collect();
        assert_eq!(seqs, [3, 1, 2]);
    }

    #[tokio::test]
    async fn a_message_is_done_when_the_last_of_its_tasks_is() {
        let (prefetch, mut settled) = prefetch();
        let mut taken = prefetch.take(3).await;
        taken.remove(1).done();
        assert!(settled.try_recv().is_err());
        taken.remove(1).done();
        assert!(matches!(settled.try_recv().unwrap().outcome, Outcome::Done));
        drop(taken);
        assert!(matches!(settled.try_recv().unwrap().outcome, Outcome::Unfinished));
    }

    #[tokio::test]
    async fn a_message_comes_again_when_one_of_its_tasks_is_not_done() {
        let (prefetch, mut settled) = prefetch();
        let mut taken = prefetch.take(3).await;
        taken.remove(1).done();
        drop(taken.remove(1));
        assert!(matches!(settled.try_recv().unwrap().outcome, Outcome::Unfinished));
    }

    #[tokio::test]
    async fn what_is_let_go_unread_comes_again() {
        let (prefetch, mut settled) = prefetch();
        prefetch.clear();
        for _ in 0..2 {
            assert!(matches!(settled.try_recv().unwrap().outcome, Outcome::Unfinished));
        }
    }
}
