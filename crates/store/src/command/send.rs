//! Sends a message that was decided on.

use std::sync::Arc;

use domain::event::NewEvent;
use domain::message::{Message, MessageId};

use super::{Command, Context, Key, Plan, Query, Sharing, bytes_of};
use crate::Result;
use crate::idempotency::{self, Idempotency};
use crate::value::Row;

/// Sends a message, unless it was sent before under the same key.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// The message; shared with the caller, who answers with it.
    pub message: Arc<Message>,
    /// The same as JSON: the bytes that are stored and hashed.
    pub data: String,
    /// Facts that come before it in the log.
    pub before: Vec<NewEvent>,
    /// The key under which it may be sent again without being sent twice.
    pub idempotency: Option<Idempotency>,
}

/// What sending came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// The message stands at this position.
    Sent(i64),
    /// It was sent before, as this message.
    Replayed(MessageId),
}

impl Command for SendMessage {
    /// The message that was sent under its key.
    type Loaded = Option<MessageId>;
    type Outcome = SendOutcome;

    fn bytes(&self) -> usize {
        // The message once as it is and once as it is stored.
        2 * self.data.len() + bytes_of(&self.before)
    }

    fn sharing(&self) -> Sharing<'_> {
        let key = self.idempotency.as_ref().map(|idempotency| Key::Text(&idempotency.key));
        key.map_or(Sharing::Free, |key| Sharing::Unless("idempotency", key))
    }

    fn query(&self, context: &Context) -> Option<Query> {
        let idempotency = self.idempotency.as_ref()?;
        Some(idempotency::query(context.tenant, &idempotency.key, context.now))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Option<MessageId>> {
        match (&self.idempotency, rows.into_iter().next()) {
            (Some(idempotency), Some(row)) => idempotency.answer(idempotency::known(row)?).map(Some),
            _ => Ok(None),
        }
    }

    fn plan(self, sent_before: Option<MessageId>, plan: &mut Plan<'_>) -> Result<SendOutcome> {
        if let Some(id) = sent_before {
            return Ok(SendOutcome::Replayed(id));
        }
        for event in self.before {
            plan.event(event)?;
        }
        let seq = plan.batch.message(plan.tenant, &self.message, self.data)?;
        if let Some(idempotency) = self.idempotency {
            plan.batch.idempotency(plan.tenant, idempotency, &self.message);
        }
        // Who sent it knows whom to notify.
        Ok(SendOutcome::Sent(seq))
    }
}
