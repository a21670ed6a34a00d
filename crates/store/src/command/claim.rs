//! Leases the next pending deliveries of an agent.

use domain::delivery::Delivery;
use domain::filter::ReceiveFilter;
use domain::{AgentName, Span, State};

use super::{Command, Context, Plan, Query, Sharing};
use crate::load::{self, with_message};
use crate::message::places;
use crate::value::{Row, Value};
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
    /// Which of them.
    pub filter: ReceiveFilter,
}

/// A delivery that was leased, with its message's event.
#[derive(Debug)]
pub struct Claimed {
    /// The delivery.
    pub delivery: Delivery,
    /// The message, as stored.
    pub data: String,
}

impl Claim {
    /// The condition on the messages, where there is one.
    fn wanted(&self, parameters: &mut Vec<Value>) -> String {
        let ReceiveFilter { kinds, thread } = &self.filter;
        let mut wanted = String::new();
        if !kinds.is_empty() {
            let kinds = places(parameters, kinds.iter().map(|kind| Value::Int(kind.code())));
            wanted.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM messages k WHERE k.tenant = $1 AND k.seq = d.seq AND k.kind IN ({kinds}))"
            ));
        }
        if let Some(thread) = thread {
            let thread = places(parameters, [(*thread).into()]);
            wanted.push_str(&format!(
                " AND d.seq IN (SELECT x.seq FROM messages x WHERE x.tenant = $1 AND x.id = {thread} UNION ALL \
                 SELECT x.seq FROM messages x WHERE x.tenant = $1 AND x.thread = {thread} AND x.thread IS NOT NULL)"
            ));
        }
        wanted
    }
}

impl Command for Claim {
    type Loaded = Vec<(Delivery, String)>;
    type Outcome = Vec<Claimed>;

    fn sharing(&self) -> Sharing<'_> {
        Sharing::Takes(&self.agent, self.max)
    }

    fn query(&self, context: &Context) -> Option<Query> {
        let free = if self.push { format!("AND NOT {}", webhook::busy("d")) } else { String::new() };
        let limit = (self.max + context.more) as i64;
        let mut parameters = vec![context.tenant.0.into(), (&self.agent).into(), limit.into(), context.now.into()];
        let wanted = self.wanted(&mut parameters);
        // What has expired is not handed out, though nobody has said so yet.
        let rest = format!(
            "WHERE d.tenant = $1 AND d.agent = $2 AND d.state = 0 AND (d.expires_at IS NULL OR d.expires_at > $4) \
             {free}{wanted} ORDER BY d.priority, d.seq LIMIT $3"
        );
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
