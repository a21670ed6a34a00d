//! Gives requests from before decisions had rows of their own their rows.

use domain::decision::Change;
use domain::message::MessageId;

use super::{Command, Context, Key, Plan, Query, Sharing};
use crate::Result;
use crate::decision::ADOPTED;
use crate::message::places;
use crate::statements::ADVANCE;
use crate::value::{Row, Value};

/// Opens the decisions of requests from before decisions had rows of their own, and records what became of them. One that has
/// its row already is left as it is.
#[derive(Clone, Debug)]
pub struct AdoptDecisions {
    /// The decisions, each opened and, where it is over, made.
    pub decisions: Vec<(domain::decision::Decision, Option<Change>)>,
    /// Up to which position every request then has its row.
    pub reached: i64,
}

impl Command for AdoptDecisions {
    /// The messages that have their rows.
    type Loaded = Vec<MessageId>;
    type Outcome = ();

    fn sharing(&self) -> Sharing<'_> {
        Sharing::Unless("adoption", Key::Text(""))
    }

    fn query(&self, context: &Context) -> Option<Query> {
        let mut parameters = vec![context.tenant.0.into()];
        let ids = self.decisions.iter().map(|(decision, _)| Value::from(decision.message_id));
        let ids = places(&mut parameters, ids);
        let sql = format!("SELECT c.message FROM decisions c WHERE c.tenant = $1 AND c.message IN ({ids})");
        Some((sql, parameters))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Vec<MessageId>> {
        rows.into_iter().map(|mut row| row.message(0)).collect()
    }

    fn overlay(&self, found: &mut Vec<MessageId>, plan: &Plan<'_>) {
        let ids = self.decisions.iter().map(|(decision, _)| decision.message_id);
        found.extend(ids.filter(|id| plan.batch.ruled(plan.tenant, *id).is_some()));
    }

    fn plan(self, known: Vec<MessageId>, plan: &mut Plan<'_>) -> Result<()> {
        for (decision, change) in self.decisions {
            if known.contains(&decision.message_id) {
                continue;
            }
            plan.batch.open_decision(plan.tenant, &decision, plan.now)?;
            if let Some(change) = change {
                plan.rule(&change)?;
            }
        }
        plan.push((&ADVANCE, vec![plan.tenant.0.into(), ADOPTED.into(), self.reached.into()]));
        Ok(())
    }
}
