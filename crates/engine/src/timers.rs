//! Timers: leases that ran out, deferrals that are over, expiry, ack deadlines.

use store::{Change, Elapse};

use crate::background::Stepped;
use crate::{Engine, Result};

/// Deliveries that one step sees to.
const STEP: usize = 500;

impl Engine {
    /// Does what is due now, in one of all processes at a time. Time lives in the store, so a restart forgets nothing, and two
    /// that do so at once do it once.
    pub async fn timers_step(&self) -> Result<Stepped> {
        if !self.has(&self.inner.duties.timers).await? {
            return Ok(Stepped::Idle);
        }
        let now = self.now();
        let due = self.inner.store.due(now, STEP).await?;
        let full = due.len() == STEP;
        let mut changes = Vec::with_capacity(due.len());
        for due in due {
            let directory = self.directory(due.tenant).await?;
            let notices = [self.new_id()?, self.new_id()?, self.new_id()?];
            let command = Elapse { agent: due.agent, seq: due.seq, directory, notices };
            changes.push((due.tenant, Change { tenant: due.tenant, now, version: None, command }));
        }
        let (owners, changes): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
        let mut failed = None;
        for (tenant, outcome) in owners.into_iter().zip(self.inner.store.commit_all(changes).await) {
            match outcome {
                Ok(committed) => {
                    self.notify_recipients(tenant, &committed.notify).await;
                    // A notice among them is work too.
                    self.inner.ephemeral.ring_tasks();
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        Ok(if full { Stepped::More } else { Stepped::Idle })
    }
}
