//! The relay: reads the log after its cursor and gives work to the broker, in one of all processes at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use broker::Task;
use domain::{Span, TenantId, Time};
use store::{Change, RELAY_CURSOR, What};

use crate::background::Stepped;
use crate::{Engine, Result};

/// Messages of one tenant that one step publishes.
const STEP: usize = 1_000;
/// Cursors are written down this often at most: what is published twice is done twice, to no harm.
const WRITE_DOWN: Span = Span::from_secs(1);

/// How far each tenant's log was published since the cursors were written down, and when that was.
#[derive(Default)]
pub(crate) struct Cursors {
    held: Mutex<(HashMap<TenantId, i64>, Time)>,
}

impl Cursors {
    fn get(&self, tenant: TenantId) -> i64 {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).0.get(&tenant).copied().unwrap_or(0)
    }

    fn put(&self, tenant: TenantId, seq: i64) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).0.insert(tenant, seq);
    }

    /// Hands over the cursors that are to be written down; none, where that was less than `pause` ago.
    fn take(&self, now: Time, pause: Span) -> HashMap<TenantId, i64> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(held.1) < pause {
            return HashMap::new();
        }
        held.1 = now;
        std::mem::take(&mut held.0)
    }
}

impl Engine {
    /// Publishes the messages that came since the last step, where this process has the duty to. Where its broker takes
    /// nothing, it leaves the duty to others for a while.
    pub async fn relay_step(&self) -> Result<Stepped> {
        let duty = &self.inner.duties.relay;
        if !self.has(duty).await? {
            return Ok(Stepped::Idle);
        }
        let mut full = false;
        for (tenant, written, head) in self.inner.store.behind(RELAY_CURSOR).await? {
            let after = written.max(self.inner.cursors.get(tenant));
            if after >= head {
                continue;
            }
            let found = self.inner.store.dispatches(tenant, after, STEP).await?;
            let tasks: Vec<Task> = found
                .iter()
                .map(|found| Task { tenant, seq: found.seq, lane: found.lane, fan_out: found.fan_out })
                .collect();
            // Where this fails the cursor stays, and the next step, here or elsewhere, begins there again.
            if let Err(error) = self.inner.broker.publish(&tasks).await {
                self.give_up(duty).await?;
                return Err(error.into());
            }
            let last = tasks.last().filter(|_| tasks.len() == STEP);
            full |= last.is_some();
            // Behind the last message there are only events that need no work.
            self.inner.cursors.put(tenant, last.map_or(head, |task| task.seq));
        }
        self.write_down(WRITE_DOWN).await?;
        Ok(if full { Stepped::More } else { Stepped::Idle })
    }

    /// Writes down how far it has come, so that another one begins there.
    pub(crate) async fn relay_down(&self) -> Result<()> {
        self.write_down(Span::ZERO).await
    }

    async fn write_down(&self, pause: Span) -> Result<()> {
        let now = self.now();
        for (tenant, seq) in self.inner.cursors.take(now, pause) {
            let what = What::Advance { reader: RELAY_CURSOR, seq };
            self.inner.store.commit(Change { tenant, now, version: None, what }).await?;
        }
        Ok(())
    }
}
