//! The queues in process: one per lane, bounded, the more urgent lane first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Priority;
use tokio::sync::Notify;

use crate::task_guard::Origin;
use crate::{DeadLetter, Task, TaskGuard};

/// How often a task may come back unfinished before it goes to the dead letters.
const RETURNS_MAX: u32 = 20;
/// Dead letters that are kept; beyond, the oldest go.
const DEAD_MAX: usize = 10_000;

/// Work queues in this process. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub(crate) struct Queues {
    inner: Arc<Inner>,
}

struct Inner {
    held: Mutex<Held>,
    capacity: usize,
    came: Notify,
    went: Notify,
}

#[derive(Default)]
struct Held {
    /// Tasks by lane, each with how often it has come back.
    lanes: [VecDeque<(Task, u32)>; 4],
    dead: VecDeque<Task>,
}

impl Held {
    fn len(&self) -> usize {
        self.lanes.iter().map(VecDeque::len).sum()
    }
}

impl Queues {
    /// Queues that hold so many tasks, all lanes together.
    pub(crate) fn new(capacity: usize) -> Self {
        let inner = Inner { held: Mutex::default(), capacity, came: Notify::new(), went: Notify::new() };
        Self { inner: Arc::new(inner) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.inner.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues tasks in their order; waits for room.
    pub(crate) async fn publish(&self, tasks: &[Task]) {
        let mut rest = tasks.iter().copied().peekable();
        loop {
            let room = self.inner.went.notified();
            {
                let mut held = self.held();
                let mut length = held.len();
                while length < self.inner.capacity
                    && let Some(task) = rest.next()
                {
                    held.lanes[task.lane as usize].push_back((task, 0));
                    length += 1;
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
    pub(crate) async fn take(&self, max: usize) -> Vec<TaskGuard> {
        loop {
            let came = self.inner.came.notified();
            let taken = self.take_now(max);
            if !taken.is_empty() {
                self.inner.went.notify_one();
                // Another waiter checks whether there is more.
                self.inner.came.notify_one();
                return taken;
            }
            came.await;
        }
    }

    fn take_now(&self, max: usize) -> Vec<TaskGuard> {
        let mut held = self.held();
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some((task, returns)) = held.lanes.iter_mut().find_map(VecDeque::pop_front)
        {
            taken.push(TaskGuard::new(task, Origin::Queues(self.clone(), returns)));
        }
        taken
    }

    /// Puts a task that was not finished in front of its lane, or with the dead letters when that has happened too often.
    pub(crate) fn give_back(&self, task: Task, returns: u32) {
        let mut held = self.held();
        if returns < RETURNS_MAX {
            held.lanes[task.lane as usize].push_front((task, returns + 1));
            self.inner.came.notify_one();
            return;
        }
        if held.dead.len() == DEAD_MAX {
            held.dead.pop_front();
        }
        held.dead.push_back(task);
    }

    /// How many tasks wait in each lane, and how many dead letters there are.
    pub(crate) fn depths(&self) -> ([usize; 4], usize) {
        let held = self.held();
        (std::array::from_fn(|lane| held.lanes[lane].len()), held.dead.len())
    }

    /// The first dead letters.
    pub(crate) fn dead_letters(&self, max: usize) -> Vec<DeadLetter> {
        let held = self.held();
        let letter = |task: &Task| DeadLetter {
            queue: format!("tasks.{}", task.lane),
            reason: "delivery_limit".to_owned(),
            died_at: None,
            tasks: vec![*task],
            unreadable: None,
        };
        held.dead.iter().take(max).map(letter).collect()
    }

    /// Queues the first dead letters again; answers how many.
    pub(crate) fn redrive(&self, max: usize) -> usize {
        let mut held = self.held();
        let count = max.min(held.dead.len());
        let letters: Vec<Task> = held.dead.drain(..count).collect();
        for task in letters {
            held.lanes[task.lane as usize].push_back((task, 0));
        }
        self.inner.came.notify_one();
        count
    }
}

/// Each lane's index and name.
pub(crate) fn lanes() -> impl Iterator<Item = (usize, Priority)> {
    Priority::ALL.iter().copied().enumerate()
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
        let queues = Queues::new(10);
        let tasks = [task(1, Priority::Normal), task(2, Priority::Critical), task(3, Priority::Normal)];
        queues.publish(&tasks).await;
        let taken = queues.take(10).await;
        let seqs: Vec<i64> = taken.iter().map(|taken| taken.task().seq).collect();
        assert_eq!(seqs, [2, 1, 3]);
    }

    #[tokio::test]
    async fn a_task_that_was_not_done_comes_again_at_once_and_in_front() {
        let queues = Queues::new(10);
        queues.publish(&[task(1, Priority::Info), task(2, Priority::Info)]).await;
        drop(queues.take(1).await);
        let mut taken = queues.take(2).await;
        assert_eq!(taken[0].task().seq, 1);
        taken.remove(0).done();
        drop(taken);
        assert_eq!(queues.take(2).await.len(), 1);
    }

    #[tokio::test]
    async fn a_full_queue_makes_the_publisher_wait() {
        let queues = Queues::new(1);
        let tasks = [task(1, Priority::High), task(2, Priority::High)];
        let publish = queues.publish(&tasks);
        let take = async {
            queues.take(1).await.remove(0).done();
            queues.take(1).await.remove(0).task().seq
        };
        let ((), seq) = tokio::join!(publish, take);
        assert_eq!(seq, 2);
    }
}
