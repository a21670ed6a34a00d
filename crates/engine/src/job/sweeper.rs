//! The sweeper: finds again what was lost on the way, forgets what is no longer needed, and settles what retired agents leave.

use std::sync::Arc;

use broker::{Broker, Task};
use domain::Priority;
use store::{Forget, Store};

use super::{ElectedJob, Stepped};
use crate::directory::Directories;
use crate::retirement::Retirement;
use crate::shared::Shared;
use crate::writer::Writer;
use crate::{Clock, Result};

/// Fan-outs of one tenant that one step finds again.
const STEP: usize = 64;
/// Idempotency keys that are forgotten in one change.
const FORGET: usize = 10_000;

/// Finds lost fan-outs again, forgets idempotency keys whose time has passed, and settles what retired agents
/// have left.
pub(super) struct Sweeper {
    store: Store,
    broker: Broker,
    clock: Clock,
    writer: Arc<Writer>,
    directories: Arc<Directories>,
    retirement: Arc<Retirement>,
    elected: Arc<ElectedJob>,
}

impl Sweeper {
    pub(super) fn new(shared: &Shared, elected: Arc<ElectedJob>) -> Self {
        let Shared { store, broker, clock, writer, directories, retirement, .. } = shared;
        Self {
            store: store.clone(),
            broker: broker.clone(),
            clock: clock.clone(),
            writer: Arc::clone(writer),
            directories: Arc::clone(directories),
            retirement: Arc::clone(retirement),
            elected,
        }
    }

    /// Goes through all tenants once.
    pub(super) async fn step(&self) -> Result<Stepped> {
        if !self.elected.is_held().await? {
            return Ok(Stepped::Idle);
        }
        for (tenant, ..) in self.store.heads().await? {
            for seq in self.store.fanning_out(tenant, STEP).await? {
                let task = Task { tenant, seq, lane: Priority::Info, fan_out: true };
                self.broker.publish(&[task]).await?;
            }
            if self.store.forgettable(tenant, self.clock.now()).await? {
                self.writer.change(tenant, Forget { max: FORGET }).await?;
            }
            let directory = self.directories.of(tenant).await?;
            for agent in directory.agents.values().filter(|agent| !agent.is_active()) {
                self.retirement.settle(tenant, &agent.name, &directory).await?;
            }
        }
        Ok(Stepped::Idle)
    }
}
