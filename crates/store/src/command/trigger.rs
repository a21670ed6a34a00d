//! Brings back deliveries that wait for a trigger.

use domain::delivery::Delivery;

use super::{Command, Context, Plan, Query};
use crate::Result;
use crate::load;
use crate::rows::DELIVERY;
use crate::value::Row;

/// Brings back deliveries that wait for a trigger; how many came back is the outcome.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// The trigger.
    pub name: String,
    /// How many at most.
    pub max: usize,
}

impl Command for Trigger {
    type Loaded = Vec<(Delivery, String)>;
    type Outcome = usize;

    fn query(&self, context: &Context) -> Option<Query> {
        let sql = format!(
            "SELECT {DELIVERY}, '' FROM deliveries w CROSS JOIN deliveries d \
             WHERE w.tenant = $1 AND w.trigger_name = $2 AND w.trigger_name IS NOT NULL \
             AND d.tenant = $1 AND d.agent = w.agent AND d.seq = w.seq ORDER BY w.agent, w.seq LIMIT $3"
        );
        Some((sql, vec![context.tenant.0.into(), self.name.as_str().into(), (self.max as i64).into()]))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded> {
        load::deliveries(rows)
    }

    fn overlay(&self, found: &mut Self::Loaded, plan: &Plan<'_>) {
        plan.update(found);
        found.retain(|(delivery, _)| delivery.trigger.as_ref() == Some(&self.name));
    }

    fn plan(self, found: Self::Loaded, plan: &mut Plan<'_>) -> Result<usize> {
        for (before, _) in &found {
            plan.change(before, &before.clone().trigger())?;
        }
        Ok(found.len())
    }
}
