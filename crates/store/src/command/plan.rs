//! What a command is decided with: the transaction that its rows join, and what several commands do alike.

use domain::decision::Change as DecisionChange;
use domain::delivery::{Change as DeliveryChange, Delivery, Notice};
use domain::directory::Directory;
use domain::event::NewEvent;
use domain::message::{Message, MessageId};
use domain::{AgentName, State, TenantId, Time, notice};

use crate::rows::{Batch, Write};
use crate::{Error, Result};

/// One change being decided.
pub struct Plan<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) now: Time,
    pub(crate) batch: &'a mut Batch,
    /// The agents that have something new to receive.
    pub(super) notify: Vec<AgentName>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(tenant: TenantId, now: Time, batch: &'a mut Batch) -> Self {
        Self { tenant, now, batch, notify: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, write: Write) {
        self.batch.push(write);
    }

    /// Records an event.
    pub(super) fn event(&mut self, event: NewEvent) -> Result<()> {
        self.batch.event(self.tenant, event).map(drop)
    }

    /// Brings deliveries up to date with what the same transaction has changed.
    pub(super) fn update(&self, found: &mut [(Delivery, String)]) {
        for (delivery, _) in found {
            if let Some(now) = self.batch.moved(self.tenant, delivery) {
                *delivery = now.clone();
            }
        }
    }

    /// Changes a delivery, records it, and notifies its agent where it has become visible.
    pub(super) fn change(&mut self, before: &Delivery, change: &DeliveryChange) -> Result<()> {
        self.batch.change(self.tenant, before, change, self.now)?;
        if change.delivery.state == State::Pending && before.state != State::Pending {
            self.notify.push(change.delivery.agent.clone());
        }
        Ok(())
    }

    /// Changes a decision, records it, and notifies who asked: somebody may wait for it.
    pub(super) fn rule(&mut self, change: &DecisionChange) -> Result<()> {
        self.batch.change_decision(self.tenant, change, self.now)?;
        self.notify.push(change.decision.asked_by.clone());
        Ok(())
    }

    /// Sends a notice, if there is one, and notifies its recipients.
    pub(super) fn tell(&mut self, notice: Option<Message>) -> Result<()> {
        let Some(message) = notice else { return Ok(()) };
        let data = serde_json::to_string(&message).map_err(|error| Error::Corrupt(error.to_string()))?;
        self.batch.message(self.tenant, &message, data)?;
        self.notify.extend(message.recipients);
        Ok(())
    }

    /// Sends what follows from a change of a delivery, if anything does.
    pub(super) fn notice(
        &mut self,
        change: &DeliveryChange,
        original: &Message,
        directory: &Directory,
        id: MessageId,
    ) -> Result<()> {
        let delivery = &change.delivery;
        let message = match &change.notice {
            None => None,
            // Who is retired hears of nothing any more.
            Some(Notice::Bounce(_))
                if directory.agent(original.from.as_str()).is_some_and(|from| !from.is_active()) =>
            {
                None
            }
            Some(Notice::Bounce(why)) => notice::bounce(original, delivery, why, id, self.now),
            Some(Notice::Remind) => Some(notice::reminder(original, delivery, id, self.now)),
            Some(Notice::Escalate) => notice::escalation(original, delivery, directory, id, self.now),
        };
        self.tell(message)
    }
}
