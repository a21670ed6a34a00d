//! Does what is due with one delivery.

use std::sync::Arc;

use domain::AgentName;
use domain::delivery::Delivery;
use domain::directory::Directory;
use domain::message::MessageId;

use super::{Command, Context, Plan, Query};
use crate::Result;
use crate::load::{self, with_message};
use crate::value::Row;

/// Does everything that is due with one delivery: a lease that ran out may be followed by an expiry, and that by nothing.
/// Whether anything was due is the outcome.
#[derive(Clone, Debug)]
pub struct Elapse {
    /// Whose delivery.
    pub agent: AgentName,
    /// Of the message at this position.
    pub seq: i64,
    /// What the rules need to know.
    pub directory: Arc<Directory>,
    /// Ids for the notices, should any be sent.
    pub notices: [MessageId; 3],
}

impl Command for Elapse {
    type Loaded = Vec<(Delivery, String)>;
    type Outcome = bool;

    fn query(&self, context: &Context) -> Option<Query> {
        let sql = with_message("WHERE d.tenant = $1 AND d.agent = $2 AND d.seq = $3");
        Some((sql, vec![context.tenant.0.into(), (&self.agent).into(), self.seq.into()]))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded> {
        load::deliveries(rows)
    }

    fn overlay(&self, found: &mut Self::Loaded, plan: &Plan<'_>) {
        plan.update(found);
    }

    fn plan(self, found: Self::Loaded, plan: &mut Plan<'_>) -> Result<bool> {
        let is_due = |delivery: &Delivery| delivery.due().is_some_and(|due| due <= plan.now);
        let Some((mut delivery, data)) = found.into_iter().next().filter(|(found, _)| is_due(found)) else {
            return Ok(false);
        };
        let message = load::message(&data)?;
        let policy = &self.directory.policy.delivery;
        let mut elapsed = false;
        for id in self.notices {
            let Some(change) = delivery.clone().elapse(policy, message.ack_within, plan.now) else { break };
            plan.change(&delivery, &change)?;
            plan.notice(&change, &message, &self.directory, id)?;
            elapsed = true;
            delivery = change.delivery;
        }
        Ok(elapsed)
    }
}
