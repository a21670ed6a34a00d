//! Leases the next pending deliveries of an agent.

use domain::delivery::Delivery;
use domain::{AgentName, Span, State};

use super::{Command, Context, Plan, Query, Sharing};
use crate::load::{self, with_message};
use crate::value::Row;
use crate::{Result, webhook};

/// Leases the next pending deliveries of an agent.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Whose inbox.
    pub agent: AgentName,
    /// How many at most.
    pub max: usize,
    /// For how long.
    pub lease: Span,
    /// Random; the leases' secrets are drawn from it.
    pub secret: u64,
    /// For a push: only where no other one of this agent is under way and pushes to it are not paused.
    pub push: bool,
}

/// A delivery that was leased, with its message's event.
#[derive(Debug)]
pub struct Claimed {
    /// The delivery.
    pub delivery: Delivery,
    /// The message, as stored.
    pub data: String,
}

impl Command for Claim {
    type Loaded = Vec<(Delivery, String)>;
    type Outcome = Vec<Claimed>;

    fn sharing(&self) -> Sharing<'_> {
        Sharing::Takes(&self.agent, self.max)
    }

    fn query(&self, context: &Context) -> Option<Query> {
        let free = if self.push { format!("AND NOT {}", webhook::busy("d")) } else { String::new() };
        // What has expired is not handed out, though nobody has said so yet.
        let rest = format!(
            "WHERE d.tenant = $1 AND d.agent = $2 AND d.state = 0 AND (d.expires_at IS NULL OR d.expires_at > $4) \
             {free} ORDER BY d.priority, d.seq LIMIT $3"
        );
        let limit = (self.max + context.more) as i64;
        let parameters = vec![context.tenant.0.into(), (&self.agent).into(), limit.into(), context.now.into()];
        Some((with_message(&rest), parameters))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded> {
        load::deliveries(rows)
    }

    fn overlay(&self, found: &mut Self::Loaded, plan: &Plan<'_>) {
        plan.update(found);
        found.retain(|(delivery, _)| delivery.state == State::Pending);
        found.truncate(self.max);
    }

    fn plan(self, found: Self::Loaded, plan: &mut Plan<'_>) -> Result<Vec<Claimed>> {
        let mut claimed = Vec::with_capacity(found.len());
        for (before, data) in found {
            // Distinct per delivery; all of one claim go to one receiver, so they need not hide from each other.
            let secret = self.secret ^ (before.seq as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let change = before.clone().lease(plan.now, self.lease, secret as i64);
            plan.change(&before, &change)?;
            if self.push {
                plan.batch.push_lane(plan.tenant, &change.delivery);
            }
            claimed.push(Claimed { delivery: change.delivery, data });
        }
        Ok(claimed)
    }
}
