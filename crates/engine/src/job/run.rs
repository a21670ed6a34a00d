//! The loop that calls the steps of all jobs.

use std::sync::Arc;
use std::time::Duration;

use super::{Entry, JOBS, Jobs, Pace, RunBy, Stepped, Until};
use crate::Role;

/// The pause after a step that failed: doubled with each failure in a row, up to 64 times.
const PAUSE: Duration = Duration::from_millis(250);
/// Between two polls for tasks where every process notifies.
const POLL: Duration = Duration::from_millis(500);
/// Between two polls for tasks where other processes do not notify.
const POLL_UNNOTIFIED: Duration = Duration::from_millis(100);
/// After a notification, what comes within this time is done in the same step.
const GATHER: Duration = Duration::from_millis(5);

/// The pause after so many failures in a row.
pub(super) fn pause(failures: u32) -> Duration {
    PAUSE * (1 << failures.min(6))
}

impl RunBy {
    /// Whether a process in this role runs the job.
    pub(super) fn includes(self, role: Role, broker_is_shared: bool) -> bool {
        match self {
            Self::All => true,
            Self::Workers => role.works(),
            Self::Publishers => role.relays(broker_is_shared),
        }
    }
}

impl Jobs {
    /// Starts the loops of the jobs that a process in this role runs.
    pub(crate) fn start(self: &Arc<Self>, role: Role, broker_is_shared: bool) {
        for job in JOBS.iter().filter(|job| job.run_by.includes(role, broker_is_shared)) {
            let loops = if job.pace == Pace::Workers { self.worker_loops } else { 1 };
            for _ in 0..loops {
                self.spawn(job);
            }
        }
    }

    fn spawn(self: &Arc<Self>, job: &'static Entry) {
        let jobs = Arc::clone(self);
        let ended = match job.until {
            Until::Stopped => self.lifecycle.stop.clone(),
            Until::Draining => self.lifecycle.draining.clone(),
            Until::Finished => self.lifecycle.abandon.clone(),
        };
        self.lifecycle.tasks.spawn(async move {
            tokio::select! {
                () = jobs.repeat(job) => {}
                () = ended.cancelled() => {}
            }
        });
    }

    /// Calls a step again and again: at once while there is more, else at its pace.
    async fn repeat(&self, job: &Entry) {
        let mut failures = 0;
        while job.until != Until::Finished || !self.lifecycle.draining.is_cancelled() {
            match (job.step)(self).await {
                Ok(Stepped::More) => failures = 0,
                Ok(Stepped::Idle) => {
                    failures = 0;
                    self.rest(job.pace).await;
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(job = job.name, %error, failures, "a job's step failed and is repeated");
                    self.pause(job, failures).await;
                }
            }
        }
    }

    async fn pause(&self, job: &Entry, failures: u32) {
        tokio::select! {
            () = tokio::time::sleep(pause(failures)) => {}
            () = self.lifecycle.draining.cancelled(), if job.until == Until::Finished => {}
        }
    }

    /// Waits for the next step of a job that has nothing to do.
    async fn rest(&self, pace: Pace) {
        let poll = match pace {
            Pace::Every(time) => return tokio::time::sleep(time).await,
            Pace::Waits | Pace::Workers => return,
            // Others send too, and do not notify.
            Pace::Tasks if self.is_shared && !self.ephemeral.hears_others() => POLL_UNNOTIFIED,
            Pace::Tasks => POLL,
        };
        tokio::select! {
            () = tokio::time::sleep(poll) => {}
            () = self.ephemeral.tasks() => tokio::time::sleep(GATHER).await,
            () = self.relay.late_lane() => {}
        }
    }
}
