//! The relay: reads the log after its cursor and publishes tasks to the broker, in one of all processes at a time. Each lane
//! publishes by itself, so that one whose queue takes nothing costs only itself.

mod cursors;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Task};
use domain::{Priority, Span, TenantId, Time};
use futures_util::future::join_all;
use store::{Advance, Change, Dispatch, RELAY_CURSOR, Store};
use tokio::task::JoinHandle;

use super::{ElectedJob, Stepped};
use crate::shared::Lifecycle;
use crate::{Clock, Result};

use cursors::Cursors;

/// Messages of one tenant that are read at once.
const STEP: usize = 1_000;
/// Tasks after which a step reads no further tenants.
const STEP_TASKS: usize = 10 * STEP;
/// Cursors are written down this often at most: a task may be published twice; duplicates are ignored.
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

/// Publishes tasks.
pub(super) struct Relay {
    store: Store,
    broker: Broker,
    clock: Clock,
    elected: Arc<ElectedJob>,
    lifecycle: Lifecycle,
    cursors: Arc<Cursors>,
}

impl Relay {
    pub(super) fn new(
        store: Store,
        broker: Broker,
        clock: Clock,
        elected: Arc<ElectedJob>,
        lifecycle: Lifecycle,
    ) -> Self {
        Self { store, broker, clock, elected, lifecycle, cursors: Arc::default() }
    }

    /// Publishes the messages that came since the last step, where this process is elected to.
    pub(super) async fn step(&self) -> Result<Stepped> {
        if !self.elected.is_held().await? {
            return Ok(Stepped::Idle);
        }
        let found = self.find_tasks().await?;
        let more = found.more;
        // Where this fails the cursors stay, and the next step, here or elsewhere, begins there again.
        if let Err(error) = self.publish_all(found).await {
            self.elected.resign().await?;
            return Err(error.into());
        }
        self.write_down(WRITE_DOWN).await?;
        Ok(if more { Stepped::More } else { Stepped::Idle })
    }

    /// Reads what lanes that may publish now have not published yet.
    async fn find_tasks(&self) -> Result<Found> {
        let (mut found, now) = (Found::default(), self.clock.now());
        for (tenant, written, head) in self.store.behind(RELAY_CURSOR).await? {
            for (at, lanes) in self.cursors.places(tenant, written, now) {
                if at >= head {
                    continue;
                }
                let read = self.store.dispatches(tenant, at, STEP).await?;
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
        if !self.broker.is_shared() {
            all.await;
        } else if tokio::time::timeout(CONFIRM, all).await.is_err() {
            self.cursors.go_on_without();
        }
        failed.filter(broker::Error::is_of_all_lanes).map_or(Ok(()), Err)
    }

    /// Begins to publish a batch, where there is anything in it.
    fn set_out(&self, batch: Batch) -> Option<JoinHandle<std::result::Result<(), broker::Error>>> {
        if batch.tasks.is_empty() {
            self.cursors.arrived(&batch);
            return None;
        }
        self.cursors.set_out(batch.lane);
        let (broker, clock, cursors) = (self.broker.clone(), self.clock.clone(), Arc::clone(&self.cursors));
        let stop = self.lifecycle.stop.clone();
        Some(self.lifecycle.tasks.spawn(async move {
            let outcome = tokio::select! {
                outcome = broker.publish(&batch.tasks) => outcome,
                () = stop.cancelled() => return Ok(()),
            };
            match &outcome {
                Ok(()) => cursors.arrived(&batch),
                Err(error) => {
                    let at_fault = !error.is_of_all_lanes();
                    if at_fault {
                        tracing::warn!(lane = %batch.lane, %error, "a lane takes no tasks; they are published again");
                    }
                    cursors.failed(batch.lane, at_fault, clock.now());
                }
            }
            outcome
        }))
    }

    /// Waits until a lane is done that no step waits for.
    pub(super) async fn late_lane(&self) {
        self.cursors.late.notified().await;
    }

    /// Writes down how far it has come, so that another one begins there.
    pub(super) async fn write_down_all(&self) -> Result<()> {
        self.write_down(Span::ZERO).await
    }

    async fn write_down(&self, pause: Span) -> Result<()> {
        let now: Time = self.clock.now();
        for (tenant, seq) in self.cursors.take(now, pause) {
            let command = Advance { reader: RELAY_CURSOR, seq };
            self.store.commit(Change { tenant, now, version: None, command }).await?;
        }
        Ok(())
    }
}
