//! The relay: reads the log after its cursor and gives work to the broker, in one of all processes at a time. Each lane publishes
//! by itself, so that one whose queue takes nothing costs only itself.

mod cursors;

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Task;
use domain::{Priority, Span, TenantId, Time};
use futures_util::future::join_all;
use store::{Advance, Change, Dispatch, RELAY_CURSOR};
use tokio::task::JoinHandle;

use crate::background::Stepped;
use crate::{Engine, Result};

pub(crate) use cursors::Cursors;

/// Messages of one tenant that are read at once.
const STEP: usize = 1_000;
/// Tasks after which a step reads no further tenants.
const STEP_TASKS: usize = 10 * STEP;
/// Cursors are written down this often at most: what is published twice is done twice, to no harm.
const WRITE_DOWN: Span = Span::from_secs(1);
/// How long a step waits for its lanes where a broker elsewhere has to confirm; then it goes on without the slow ones.
const CONFIRM: Duration = Duration::from_millis(100);

/// What one lane publishes in one go.
struct Batch {
    lane: Priority,
    tasks: Vec<Task>,
    /// How far the lane has come in each tenant's log when all of it is published.
    reach: Vec<(TenantId, i64)>,
}

/// What a step has found to publish.
#[derive(Default)]
struct Found {
    batches: BTreeMap<Priority, Batch>,
    tasks: usize,
    more: bool,
}

impl Found {
    /// Adds what was read of a tenant for lanes that stand in one place.
    fn add(&mut self, tenant: TenantId, lanes: &[Priority], read: &[Dispatch], reach: i64) {
        for &lane in lanes {
            let batch =
                self.batches.entry(lane).or_insert_with(|| Batch { lane, tasks: Vec::new(), reach: Vec::new() });
            let own = read.iter().filter(|found| found.lane == lane);
            let before = batch.tasks.len();
            batch.tasks.extend(own.map(|found| Task { tenant, seq: found.seq, lane, fan_out: found.fan_out }));
            batch.reach.push((tenant, reach));
            self.tasks += batch.tasks.len() - before;
        }
    }
}

impl Engine {
    /// Publishes the messages that came since the last step, where this process has the duty to. Where its broker takes
    /// nothing, it leaves the duty to others for a while; where a lane takes nothing, the others go on.
    pub async fn relay_step(&self) -> Result<Stepped> {
        let duty = &self.inner.duties.relay;
        if !self.has(duty).await? {
            return Ok(Stepped::Idle);
        }
        let found = self.find_tasks().await?;
        let more = found.more;
        // Where this fails the cursors stay, and the next step, here or elsewhere, begins there again.
        if let Err(error) = self.publish_all(found).await {
            self.give_up(duty).await?;
            return Err(error.into());
        }
        self.write_down(WRITE_DOWN).await?;
        Ok(if more { Stepped::More } else { Stepped::Idle })
    }

    /// Reads what lanes that may publish now have not published yet.
    async fn find_tasks(&self) -> Result<Found> {
        let (mut found, now) = (Found::default(), self.now());
        for (tenant, written, head) in self.inner.store.behind(RELAY_CURSOR).await? {
            for (at, lanes) in self.inner.cursors.places(tenant, written, now) {
                if at >= head {
                    continue;
                }
                let read = self.inner.store.dispatches(tenant, at, STEP).await?;
                let last = read.last().filter(|_| read.len() == STEP);
                found.more |= last.is_some();
                // Behind the last message there are only events that need no work.
                found.add(tenant, &lanes, &read, last.map_or(head, |last| last.seq));
            }
            if found.tasks >= STEP_TASKS {
                found.more = true;
                break;
            }
        }
        Ok(found)
    }

    /// Publishes each lane's batch by itself. A broker elsewhere is waited for a moment; a lane that takes longer goes on
    /// alone.
    ///
    /// Fails when the broker, not a lane of it, takes nothing.
    async fn publish_all(&self, found: Found) -> std::result::Result<(), broker::Error> {
        let set_out: Vec<_> = found.batches.into_values().filter_map(|batch| self.set_out(batch)).collect();
        let mut failed = None;
        let all = async {
            for outcome in join_all(set_out).await {
                if let Ok(Err(error)) = outcome {
                    failed = Some(error);
                }
            }
        };
        if !self.inner.broker.is_shared() {
            all.await;
        } else if tokio::time::timeout(CONFIRM, all).await.is_err() {
            self.inner.cursors.go_on_without();
        }
        failed.filter(broker::Error::is_of_all_lanes).map_or(Ok(()), Err)
    }

    /// Begins to publish a batch, where there is anything in it.
    fn set_out(&self, batch: Batch) -> Option<JoinHandle<std::result::Result<(), broker::Error>>> {
        let engine = self.clone();
        if batch.tasks.is_empty() {
            self.inner.cursors.arrived(&batch);
            return None;
        }
        self.inner.cursors.set_out(batch.lane);
        Some(self.inner.tasks.spawn(async move {
            let outcome = tokio::select! {
                outcome = engine.inner.broker.publish(&batch.tasks) => outcome,
                () = engine.inner.stop.cancelled() => return Ok(()),
            };
            match &outcome {
                Ok(()) => engine.inner.cursors.arrived(&batch),
                Err(error) => {
                    let at_fault = !error.is_of_all_lanes();
                    if at_fault {
                        tracing::warn!(lane = %batch.lane, %error, "a lane takes no tasks; they are published again");
                    }
                    engine.inner.cursors.failed(batch.lane, at_fault, engine.now());
                }
            }
            outcome
        }))
    }

    /// Waits until a lane is done that no step waits for.
    pub(crate) async fn late_lane(&self) {
        self.inner.cursors.late.notified().await;
    }

    /// Writes down how far it has come, so that another one begins there.
    pub(crate) async fn relay_down(&self) -> Result<()> {
        self.write_down(Span::ZERO).await
    }

    async fn write_down(&self, pause: Span) -> Result<()> {
        let now: Time = self.now();
        for (tenant, seq) in self.inner.cursors.take(now, pause) {
            let command = Advance { reader: RELAY_CURSOR, seq };
            self.inner.store.commit(Change { tenant, now, version: None, command }).await?;
        }
        Ok(())
    }
}
