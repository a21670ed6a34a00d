//! Sends a message that was decided on.

use std::sync::Arc;

use domain::decision::{Decision, Effect};
use domain::event::NewEvent;
use domain::message::{Message, MessageId};

use super::{Command, Context, Key, Plan, Query, Sharing, bytes_of};
use crate::Result;
use crate::decision::decision;
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
    /// What it does to decisions.
    pub effect: Effect,
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

/// What sending has to know.
#[derive(Debug, Default)]
pub struct Known {
    /// The message that was sent under its key.
    sent_before: Option<MessageId>,
    /// The decision that it rules on, as it stands.
    decision: Option<Decision>,
}

impl SendMessage {
    /// The message whose decision it rules on.
    fn ruled(&self) -> Option<MessageId> {
        match &self.effect {
            Effect::Rules(decision, _) => Some(decision.message_id),
            Effect::Nothing | Effect::Opens(_) => None,
        }
    }
}

impl Command for SendMessage {
    type Loaded = Known;
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
        let Some(message) = self.ruled() else {
            let idempotency = self.idempotency.as_ref()?;
            return Some(idempotency::query(context.tenant, &idempotency.key, context.now));
        };
        // One row, whatever is there of both. Nothing is sent under an empty key.
        let sql = "SELECT i.fingerprint, i.message, c.data FROM tenants t \
                   LEFT JOIN idempotency i ON i.tenant = t.id AND i.key = $2 AND i.until > $3 \
                   LEFT JOIN decisions c ON c.tenant = t.id AND c.message = $4 WHERE t.id = $1";
        let key = self.idempotency.as_ref().map_or("", |idempotency| &idempotency.key);
        Some((sql.to_owned(), vec![context.tenant.0.into(), key.into(), context.now.into(), message.into()]))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Known> {
        let mut known = Known::default();
        let Some(mut row) = rows.into_iter().next() else { return Ok(known) };
        let rules = self.ruled().is_some();
        if rules {
            known.decision = row.opt_text(2)?.map(|data| decision(&data)).transpose()?;
        }
        if let Some(idempotency) = self.idempotency.as_ref().filter(|_| !rules || row.peek_digest(0).is_some()) {
            known.sent_before = Some(idempotency.answer(idempotency::known(row)?)?);
        }
        Ok(known)
    }

    fn overlay(&self, known: &mut Known, plan: &Plan<'_>) {
        if let Some(now) = self.ruled().and_then(|message| plan.batch.ruled(plan.tenant, message)) {
            known.decision = Some(now.clone());
        }
    }

    fn plan(self, known: Known, plan: &mut Plan<'_>) -> Result<SendOutcome> {
        if let Some(id) = known.sent_before {
            return Ok(SendOutcome::Replayed(id));
        }
        // Ruled on before anything is written: what fails must have left nothing.
        let (opened, ruled) = match self.effect {
            Effect::Nothing => (None, None),
            Effect::Opens(domain) => (Some(Decision::open(&self.message, domain)), None),
            Effect::Rules(seen, ruling) => {
                // A request from before decisions had rows of their own is opened as it was seen.
                let opened = known.decision.is_none().then(|| (*seen).clone());
                (opened, Some(known.decision.unwrap_or(*seen).rule(*ruling, plan.now)?))
            }
        };
        for event in self.before {
            plan.event(event)?;
        }
        let seq = plan.batch.message(plan.tenant, &self.message, self.data)?;
        if let Some(opened) = opened {
            plan.batch.open_decision(plan.tenant, &opened, plan.now)?;
        }
        if let Some(change) = ruled {
            plan.rule(&change)?;
        }
        if let Some(idempotency) = self.idempotency {
            plan.batch.idempotency(plan.tenant, idempotency, &self.message);
        }
        // Who sent it knows whom else to notify.
        Ok(SendOutcome::Sent(seq))
    }
}
