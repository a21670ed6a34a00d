//! The worker: takes tasks from the broker and works on them. A task says only where to look; what is to do stands in the
//! store, so a task that comes twice finds nothing left to do.

use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Task};
use tokio_util::sync::CancellationToken;

use super::Stepped;
use super::fan_out::FanOut;
use super::push::PushQueue;
use crate::{Error, Result};

/// Tasks that one step takes.
const STEP: usize = 64;
/// The first pause of a task that waits for the store; doubled each time.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Works on tasks.
pub(super) struct Worker {
    broker: Broker,
    fan_out: FanOut,
    pushes: Arc<PushQueue>,
    draining: CancellationToken,
}

impl Worker {
    pub(super) fn new(broker: Broker, fan_out: FanOut, pushes: Arc<PushQueue>, draining: CancellationToken) -> Self {
        Self { broker, fan_out, pushes, draining }
    }

    /// Takes the next tasks and works on them; waits for the first, unless the engine drains.
    pub(super) async fn step(&self) -> Result<Stepped> {
        let taken = tokio::select! {
            biased;
            () = self.draining.cancelled() => return Ok(Stepped::Idle),
            taken = self.broker.take(STEP) => taken,
        };
        let mut failed = None;
        for taken in taken {
            match self.work_on(taken.task()).await {
                Ok(()) => taken.done(),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(Stepped::More), Err)
    }

    /// Works on one task. While the store is away it stays in hand, until the engine drains: that is no fault of the task's and
    /// must not count as one.
    async fn work_on(&self, task: Task) -> Result<()> {
        let mut pause = PAUSE;
        loop {
            let outcome = if task.fan_out { self.fan_out.write(task).await } else { self.pushes.add_task(task).await };
            let Err(Error::Store(error)) = &outcome else { return outcome };
            if matches!(error, store::Error::Corrupt(_)) {
                return outcome;
            }
            tracing::warn!(message.seq = task.seq, %error, "a task waits for the store");
            tokio::select! {
                () = self.draining.cancelled() => return outcome,
                () = tokio::time::sleep(pause) => {}
            }
            pause = PAUSE_MAX.min(pause * 2);
        }
    }
}
