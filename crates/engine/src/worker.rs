//! The worker: takes tasks from the broker and sees to them. A task says only where to look; what is to do stands in the
//! store, so a task that comes twice finds nothing left to do.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::time::Duration;

use broker::{Taken, Task};
use domain::{AgentName, audience};
use store::{FanOut, Forget};

use crate::background::{self, Stepped};
use crate::{Engine, Error, Result};

/// Tasks that one step takes.
const STEP: usize = 64;
/// Recipients that are written in one change.
const PART: usize = 500;
/// The first pause of a task that waits for the store; doubled each time.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

impl Engine {
    /// Takes the next tasks and sees to them; waits for the first. One that fails keeps none of the others waiting: it comes
    /// again, and goes to the dead letters when it fails too often.
    pub async fn worker_step(&self) -> Result<Stepped> {
        let taken = self.inner.broker.take(STEP).await;
        self.see_to_all(taken).await.map(|()| Stepped::More)
    }

    /// Takes tasks and sees to them until the engine drains.
    pub(crate) async fn work(&self) {
        let mut failures = 0;
        loop {
            let taken = tokio::select! {
                biased;
                () = self.inner.draining.cancelled() => return,
                taken = self.inner.broker.take(STEP) => taken,
            };
            let Err(error) = self.see_to_all(taken).await else {
                failures = 0;
                continue;
            };
            failures += 1;
            tracing::warn!(%error, failures, "a task failed and comes again");
            tokio::select! {
                () = self.inner.draining.cancelled() => return,
                () = tokio::time::sleep(background::pause(failures)) => {}
            }
        }
    }

    async fn see_to_all(&self, tasks: Vec<Taken>) -> Result<()> {
        let mut failed = None;
        for taken in tasks {
            match self.see_to(taken.task()).await {
                Ok(()) => taken.done(),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Sees to one task. While the store is away it stays in hand, until the engine drains: that is no fault of the task's and
    /// must not count as one.
    async fn see_to(&self, task: Task) -> Result<()> {
        let mut pause = PAUSE;
        loop {
            let outcome = if task.fan_out { self.fan_out(task).await } else { self.want_pushes_of(task).await };
            let Err(Error::Store(error)) = &outcome else { return outcome };
            if matches!(error, store::Error::Corrupt(_)) {
                return outcome;
            }
            tracing::warn!(message.seq = task.seq, %error, "a task waits for the store");
            tokio::select! {
                () = self.inner.draining.cancelled() => return outcome,
                () = tokio::time::sleep(pause) => {}
            }
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    /// Writes the recipients of a message part by part, by name, going on where it was left.
    async fn fan_out(&self, task: Task) -> Result<()> {
        let mut known: Option<(i64, BTreeSet<AgentName>)> = None;
        while let Some(written) = self.inner.store.fan_out_of(task.tenant, task.seq).await? {
            // Whoever was registered before the message was sent is in its audience, whatever this process knows of it.
            let directory = self.directory_now(task.tenant).await?;
            let still_right = known.take().filter(|(version, _)| *version == directory.version);
            let audience = if let Some((_, audience)) = still_right {
                audience
            } else {
                let Some(stored) = self.inner.store.message_at(task.tenant, task.seq).await? else { return Ok(()) };
                audience::of(&stored.message, &directory)
            };
            let mut rest = audience.range::<str, _>((Bound::Excluded(written.as_str()), Bound::Unbounded)).cloned();
            let agents: Vec<_> = rest.by_ref().take(PART).collect();
            let done = rest.next().is_none();
            drop(rest);
            known = Some((directory.version, audience));
            let part = FanOut { seq: task.seq, after: written, agents, done };
            match self.change(task.tenant, part).await {
                // Another worker was faster; what it has written is not written again.
                Ok(()) | Err(Error::Store(store::Error::Conflict)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Finds again the fan-outs whose task was lost, and forgets idempotency keys whose time has passed; in the process that has
    /// the timers.
    pub async fn sweeper_step(&self) -> Result<Stepped> {
        if !self.has(&self.inner.duties.timers).await? {
            return Ok(Stepped::Idle);
        }
        for (tenant, ..) in self.inner.store.heads().await? {
            for seq in self.inner.store.fanning_out(tenant, STEP).await? {
                let task = Task { tenant, seq, lane: domain::Priority::Info, fan_out: true };
                self.inner.broker.publish(&[task]).await?;
            }
            if self.inner.store.forgettable(tenant, self.now()).await? {
                self.change(tenant, Forget { max: FORGET }).await?;
            }
        }
        Ok(Stepped::Idle)
    }
}

/// Idempotency keys that are forgotten in one change.
const FORGET: usize = 10_000;
