use std::sync::Arc;

use crate::Task;
use crate::queues::Queues;
use crate::rabbitmq::Batch;

/// A task in a worker's hands. Dropped without [`TaskGuard::done`], it comes again, to this worker or another, until it has come
/// back too often.
pub struct TaskGuard {
    task: Task,
    origin: Option<Origin>,
}

/// Where a task is given back to.
pub(crate) enum Origin {
    /// The queues in this process, and how often it has come back already.
    Queues(Queues, u32),
    /// The message that it came in together with others.
    Batch(Arc<Batch>),
}

impl TaskGuard {
    pub(crate) fn new(task: Task, origin: Origin) -> Self {
        Self { task, origin: Some(origin) }
    }

    /// The task.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Says that the task is done and need not come again.
    pub fn done(mut self) {
        if let Some(Origin::Batch(batch)) = self.origin.take() {
            batch.one_done();
        }
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        if let Some(Origin::Queues(queues, returns)) = self.origin.take() {
            queues.give_back(self.task, returns);
        }
    }
}
