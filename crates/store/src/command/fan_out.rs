//! Writes a further part of a message's recipients.

use domain::AgentName;
use domain::event::{EventKind, NewEvent};
use domain::message::Message;
use domain::rebuild::FannedOut;

use super::{Command, Context, Key, Plan, Query, ROW, Sharing};
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

impl Command for FanOut {
    /// The last recipient that is written and the message, while there are more to write.
    type Loaded = Option<(String, Box<Message>)>;
    type Outcome = ();

    fn bytes(&self) -> usize {
        ROW * self.agents.len()
    }

    fn sharing(&self) -> Sharing<'_> {
        Sharing::Unless("fan-out", Key::Position(self.seq))
    }

    fn query(&self, context: &Context) -> Option<Query> {
        let sql = "SELECT m.fan_out, e.data FROM messages m JOIN events e ON e.tenant = m.tenant AND e.seq = m.seq \
                   WHERE m.tenant = $1 AND m.seq = $2 AND m.fan_out < '~'";
        Some((sql.to_owned(), vec![context.tenant.0.into(), self.seq.into()]))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded> {
        let known = rows.into_iter().next();
        known.map(|mut row| Ok((row.text(0)?, Box::new(load::message(&row.text(1)?)?)))).transpose()
    }

    fn plan(self, known: Self::Loaded, plan: &mut Plan<'_>) -> Result<()> {
        let Self { seq, after, agents, done } = self;
        let Some((_, message)) = known.filter(|(written, _)| *written == after) else {
            return Err(Error::Conflict);
        };
        let part = FannedOut { message_id: message.id, recipients: agents, done };
        let mut event = NewEvent::of(EventKind::MessageFannedOut, plan.now, &part);
        event.message = Some(message.id);
        plan.event(event)?;
        for agent in &part.recipients {
            plan.batch.new_delivery(plan.tenant, &message, seq, agent);
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
