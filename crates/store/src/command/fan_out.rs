//! Writes a further part of a message's recipients.

use domain::AgentName;
use domain::decision::Decision;
use domain::event::{EventKind, NewEvent};
use domain::message::Message;
use domain::rebuild::FannedOut;

use super::{Command, Context, Key, Plan, Query, ROW, Sharing};
use crate::decision::decision;
use crate::statements::UPDATE_FAN_OUT;
use crate::value::Row;
use crate::{Error, Result, load};

/// What stands in `messages.fan_out` when every recipient is written; greater than every name.
pub(crate) const FANNED_OUT: &str = "~";

/// Writes a further part of a message's recipients.
#[derive(Clone, Debug)]
pub struct FanOut {
    /// The message's position.
    pub seq: i64,
    /// The last recipient written before; another one in the store is a conflict.
    pub after: String,
    /// The recipients, by name.
    pub agents: Vec<AgentName>,
    /// Whether there are no more.
    pub done: bool,
}

/// A message with recipients that are not written.
#[derive(Debug)]
pub struct Unwritten {
    /// The last recipient that is written.
    written: String,
    message: Box<Message>,
    /// What it asks to be decided, as it stands.
    decision: Option<Decision>,
}

impl Command for FanOut {
    type Loaded = Option<Unwritten>;
    type Outcome = ();

    fn bytes(&self) -> usize {
        ROW * self.agents.len()
    }

    fn sharing(&self) -> Sharing<'_> {
        Sharing::Unless("fan-out", Key::Position(self.seq))
    }

    fn query(&self, context: &Context) -> Option<Query> {
        let sql = "SELECT m.fan_out, e.data, c.data FROM messages m \
                   JOIN events e ON e.tenant = m.tenant AND e.seq = m.seq \
                   LEFT JOIN decisions c ON c.tenant = m.tenant AND c.message = m.id WHERE m.tenant = $1 AND m.seq = $2 AND m.fan_out < '~'";
        Some((sql.to_owned(), vec![context.tenant.0.into(), self.seq.into()]))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded> {
        let known = rows.into_iter().next();
        let read = |mut row: Row| {
            let decision = row.opt_text(2)?.map(|data| decision(&data)).transpose()?;
            Ok(Unwritten { written: row.text(0)?, message: Box::new(load::message(&row.text(1)?)?), decision })
        };
        known.map(read).transpose()
    }

    fn overlay(&self, known: &mut Self::Loaded, plan: &Plan<'_>) {
        if let Some(Unwritten { decision: Some(decision), .. }) = known
            && let Some(now) = plan.batch.ruled(plan.tenant, decision.message_id)
        {
            *decision = now.clone();
        }
    }

    fn plan(self, known: Self::Loaded, plan: &mut Plan<'_>) -> Result<()> {
        let Self { seq, after, agents, done } = self;
        let Some(Unwritten { message, decision, .. }) = known.filter(|known| known.written == after) else {
            return Err(Error::Conflict);
        };
        let part = FannedOut { message_id: message.id, recipients: agents, done };
        let mut event = NewEvent::of(EventKind::MessageFannedOut, plan.now, &part);
        event.message = Some(message.id);
        plan.event(event)?;
        for agent in &part.recipients {
            plan.batch.new_delivery(plan.tenant, &message, seq, agent);
            if let Some(decision) = &decision {
                plan.batch.asked(plan.tenant, decision, agent);
            }
        }
        let written = part.recipients.last().map_or(after.as_str(), AgentName::as_str);
        let written = if done { FANNED_OUT } else { written };
        plan.push((&UPDATE_FAN_OUT, vec![plan.tenant.0.into(), seq.into(), written.into()]));
        if message.deliver_at.is_none() {
            plan.notify.extend(part.recipients);
        }
        Ok(())
    }
}
