//! Acks, nacks and everything else that is done with a delivery.

use domain::delivery::{Delivery, Verb};
use domain::message::MessageId;
use domain::refusal::Refusal;
use domain::{TenantId, bounds};
use store::{Command, Record, Settle, Trigger};

use crate::{Engine, Result, Session};

/// Deliveries that one trigger brings back in one change.
const TRIGGER_PART: usize = 500;

impl Session {
    /// Does what a verb asks with one delivery, and answers what it became.
    pub async fn settle(&self, agent: &str, message: MessageId, verb: Verb) -> Result<Delivery> {
        let caller = self.caller().await?;
        if verb == Verb::Redrive {
            caller.must_administer()?;
        } else {
            caller.must_act_as(agent)?;
        }
        let agent = self.known_agent(caller, agent).await?;
        bounds::verb(&verb, &self.inner.policy, self.now())?;
        let directory = self.directory(caller.tenant).await?;
        let settle = Settle { agent, message, verb, directory, notice: self.new_id()? };
        self.change(caller.tenant, settle).await
    }

    /// Brings back every delivery that waits for a trigger; answers how many.
    pub async fn trigger(&self, name: &str) -> Result<usize> {
        let caller = self.caller().await?;
        if caller.role == domain::key::Role::Observer {
            caller.must_administer()?;
        }
        bounds::trigger_name(name)?;
        let mut moved = 0;
        loop {
            let trigger = Trigger { name: name.to_owned(), max: TRIGGER_PART };
            let part = self.change(caller.tenant, trigger).await?;
            moved += part;
            if part < TRIGGER_PART {
                return Ok(moved);
            }
        }
    }
}

impl Engine {
    /// See [`Writer::change`](crate::writer::Writer::change).
    pub(crate) async fn change<C: Command>(&self, tenant: TenantId, command: C) -> Result<C::Outcome> {
        self.inner.writer.change(tenant, command).await
    }

    /// Notifies those that follow the log.
    pub(crate) fn notify_log(&self, tenant: TenantId) {
        self.inner.writer.notify_log(tenant);
    }

    /// See [`Writer::record`](crate::writer::Writer::record).
    pub(crate) async fn record<T>(
        &self,
        tenant: TenantId,
        decide: impl Fn(&domain::Directory) -> std::result::Result<(Record, T), Refusal>,
    ) -> Result<T> {
        self.inner.writer.record(tenant, decide).await
    }
}
