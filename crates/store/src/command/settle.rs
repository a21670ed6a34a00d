//! Does what a verb asks with one delivery.

use std::sync::Arc;

use domain::AgentName;
use domain::delivery::{Delivery, Verb};
use domain::directory::Directory;
use domain::message::MessageId;
use domain::refusal::{Code, Refusal};

use super::{Command, Context, Plan, Query};
use crate::Result;
use crate::load::{self, with_message};
use crate::rows::DELIVERY;
use crate::value::Row;

/// Does what a verb asks with one delivery; what it became is the outcome.
#[derive(Clone, Debug)]
pub struct Settle {
    /// Whose delivery.
    pub agent: AgentName,
    /// Of which message.
    pub message: MessageId,
    /// What is asked.
    pub verb: Verb,
    /// What the rules need to know.
    pub directory: Arc<Directory>,
    /// The id for a notice, should one be sent.
    pub notice: MessageId,
}

impl Command for Settle {
    type Loaded = Vec<(Delivery, String)>;
    type Outcome = Delivery;

    fn query(&self, context: &Context) -> Option<Query> {
        let rest = "WHERE d.tenant = $1 AND d.agent = $2 AND \
                    d.seq = (SELECT m.seq FROM messages m WHERE m.tenant = $1 AND m.id = $3)";
        // Only these may end in a bounce, which is made of the message.
        let sql = match self.verb {
            Verb::Nack { .. } | Verb::Terminate { .. } => with_message(rest),
            Verb::Ack { .. } | Verb::Extend { .. } | Verb::Defer { .. } | Verb::Redrive => {
                format!("SELECT {DELIVERY}, '' FROM deliveries d {rest}")
            }
        };
        Some((sql, vec![context.tenant.0.into(), (&self.agent).into(), self.message.into()]))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded> {
        load::deliveries(rows)
    }

    fn overlay(&self, found: &mut Self::Loaded, plan: &Plan<'_>) {
        plan.update(found);
    }

    fn plan(self, found: Self::Loaded, plan: &mut Plan<'_>) -> Result<Delivery> {
        let Some((before, data)) = found.into_iter().next() else {
            let detail = format!("There is no message `{}` in the inbox of `{}`.", self.message, self.agent);
            return Err(Refusal::new(Code::NotFound, detail).into());
        };
        let Some(change) = before.clone().apply(self.verb, &self.directory.policy.delivery, plan.now)? else {
            return Ok(before);
        };
        // Read before anything is written: what fails must have left nothing.
        let original = change.notice.is_some().then(|| load::message(&data)).transpose()?;
        plan.change(&before, &change)?;
        if let Some(original) = original {
            plan.notice(&change, &original, &self.directory, self.notice)?;
        }
        Ok(change.delivery)
    }
}
