//! The sweeper: finds again what was lost on the way, and forgets what is no longer needed.

use std::sync::Arc;

use broker::{Broker, Task};
use domain::Priority;
use store::{Forget, Store};

use super::{ElectedJob, Stepped};
use crate::writer::Writer;
use crate::{Clock, Result};

/// Fan-outs of one tenant that one step finds again.
const STEP: usize = 64;
/// Idempotency keys that are forgotten in one change.
const FORGET: usize = 10_000;

/// Finds lost fan-outs again, and forgets idempotency keys whose time has passed.
pub(super) struct Sweeper {
    store: Store,
    broker: Broker,
    clock: Clock,
    writer: Arc<Writer>,
    elected: Arc<ElectedJob>,
}

impl Sweeper {
    pub(super) fn new(
        store: Store,
        broker: Broker,
        clock: Clock,
        writer: Arc<Writer>,
        elected: Arc<ElectedJob>,
    ) -> Self {
        Self { store, broker, clock, writer, elected }
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
        }
        Ok(Stepped::Idle)
    }
}
