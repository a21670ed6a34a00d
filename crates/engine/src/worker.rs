//! The worker: takes tasks from the broker and sees to them. A task says only where to look; what is to do stands in the
//! store, so a task that comes twice finds nothing left to do.

use broker::Task;
use domain::audience;
use store::What;

use crate::background::Stepped;
use crate::{Engine, Result};

/// Tasks that one step takes.
const STEP: usize = 64;
/// Recipients that are written in one change.
const PART: usize = 500;

impl Engine {
    /// Takes the next tasks and sees to them; waits for the first.
    pub async fn worker_step(&self) -> Result<Stepped> {
        for taken in self.inner.broker.take(STEP).await {
            let task = taken.task();
            if task.fan_out {
                self.fan_out(task).await?;
            }
            taken.done();
        }
        Ok(Stepped::More)
    }

    /// Writes the recipients of a message part by part, by name, going on where it was left.
    async fn fan_out(&self, task: Task) -> Result<()> {
        while let Some(written) = self.inner.store.fan_out_of(task.tenant, task.seq).await? {
            let Some(stored) = self.inner.store.message_at(task.tenant, task.seq).await? else { return Ok(()) };
            let directory = self.directory(task.tenant).await?;
            let audience = audience::of(&stored.message, &directory);
            let mut rest = audience.into_iter().filter(|agent| agent.as_str() > written.as_str());
            let agents: Vec<_> = rest.by_ref().take(PART).collect();
            let done = rest.next().is_none();
            let what = What::FanOut { seq: task.seq, after: written, agents, done };
            match self.change(task.tenant, what).await {
                // Another worker was faster; what it has written is not written again.
                Ok(_) | Err(crate::Error::Store(store::Error::Conflict)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Finds again the fan-outs whose task was lost, and forgets idempotency keys whose time has passed.
    pub async fn sweeper_step(&self) -> Result<Stepped> {
        for (tenant, ..) in self.inner.store.heads().await? {
            for seq in self.inner.store.fanning_out(tenant, STEP).await? {
                let task = Task { tenant, seq, lane: domain::Priority::Info, fan_out: true };
                self.inner.broker.publish(&[task]).await;
            }
            if self.inner.store.forgettable(tenant, self.now()).await? {
                self.change(tenant, What::Forget { max: FORGET }).await?;
            }
        }
        Ok(Stepped::Idle)
    }
}

/// Idempotency keys that are forgotten in one change.
const FORGET: usize = 10_000;
