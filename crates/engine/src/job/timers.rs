//! The timers: leases that ran out, deferrals that are over, expiry of deliveries and decisions, ack deadlines.

use std::sync::Arc;

use store::{Change, Elapse, ExpireDecision, Store};

use super::{ElectedJob, Stepped};
use crate::directory::Directories;
use crate::writer::Writer;
use crate::{Clock, Result, random};

/// Deliveries that one step works on.
const STEP: usize = 500;

/// Does what is due.
pub(super) struct Timers {
    store: Store,
    clock: Clock,
    directories: Arc<Directories>,
    writer: Arc<Writer>,
    elected: Arc<ElectedJob>,
}

impl Timers {
    pub(super) fn new(
        store: Store,
        clock: Clock,
        directories: Arc<Directories>,
        writer: Arc<Writer>,
        elected: Arc<ElectedJob>,
    ) -> Self {
        Self { store, clock, directories, writer, elected }
    }

    /// Ends decisions whose time has passed; answers whether there may be more.
    async fn expire(&self) -> Result<bool> {
        let due = self.store.decisions_due(self.clock.now(), STEP).await?;
        let full = due.len() == STEP;
        for due in due {
            let notice = random::message_id(self.clock.now())?;
            self.writer.change(due.tenant, ExpireDecision { message: due.message, notice }).await?;
            self.writer.notify_tasks();
        }
        Ok(full)
    }

    /// Does what is due now.
    pub(super) async fn step(&self) -> Result<Stepped> {
        if !self.elected.is_held().await? {
            return Ok(Stepped::Idle);
        }
        let more = self.expire().await?;
        let now = self.clock.now();
        let due = self.store.due(now, STEP).await?;
        let full = due.len() == STEP;
        let mut changes = Vec::with_capacity(due.len());
        for due in due {
            let directory = self.directories.of(due.tenant).await?;
            let notice = || random::message_id(self.clock.now());
            let notices = [notice()?, notice()?, notice()?];
            let command = Elapse { agent: due.agent, seq: due.seq, directory, notices };
            changes.push((due.tenant, Change { tenant: due.tenant, now, version: None, command }));
        }
        let (owners, changes): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
        let mut failed = None;
        for (tenant, outcome) in owners.into_iter().zip(self.store.commit_all(changes).await) {
            match outcome {
                Ok(committed) => {
                    self.writer.notify_recipients(tenant, &committed.notify).await;
                    // A notice among them is work too.
                    self.writer.notify_tasks();
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        Ok(if full || more { Stepped::More } else { Stepped::Idle })
    }
}
