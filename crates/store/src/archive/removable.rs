//! Which messages before the beginning of the log nothing needs any more.

use domain::decision::DecisionState;
use domain::{TenantId, Time};

use crate::command::Removal;
use crate::message::StoredMessage;
use crate::value::Value;
use crate::{Result, Store, load};

/// Deliveries that are removed in one change, unless a single message has more: all are in one transaction.
const DELIVERIES: usize = 5_000;

/// Messages that were looked at, and those of them that may go.
#[derive(Debug, Default)]
pub struct Removable {
    /// The messages that may go.
    pub messages: Vec<Removal>,
    /// The last position that was looked at; none: there are no more.
    pub reached: Option<i64>,
}

impl Store {
    /// Looks at the next messages after a position that stand before the beginning of the log, and picks those that are over:
    /// every delivery settled at `before` or earlier, and every event about them before the beginning of the log too.
    pub async fn removable(&self, tenant: TenantId, before: Time, after: i64, limit: usize) -> Result<Removable> {
        let sql = "SELECT m.seq, m.fan_out, e.data, COALESCE((SELECT l.seq FROM events l WHERE l.tenant = $1 \
                   AND l.message = m.id AND l.message IS NOT NULL ORDER BY l.seq DESC LIMIT 1), m.seq), x.seq \
                   FROM trims x CROSS JOIN messages m JOIN events e ON e.tenant = m.tenant AND e.seq = m.seq \
                   WHERE x.tenant = $1 AND m.tenant = $1 AND m.seq > $2 AND m.seq <= x.seq ORDER BY m.seq LIMIT $3";
        let rows = self.query(sql, vec![tenant.0.into(), after.into(), Value::Int(limit as i64)]).await?;
        let (mut found, mut deliveries) = (Removable::default(), 0);
        for mut row in rows {
            if deliveries >= DELIVERIES {
                break;
            }
            let (seq, fan_out, last, trimmed) = (row.int(0)?, row.opt_text(1)?, row.int(3)?, row.int(4)?);
            found.reached = Some(seq);
            let fanning_out = fan_out.is_some_and(|written| written != "~");
            if fanning_out || last > trimmed {
                continue;
            }
            let message = StoredMessage { message: load::message(&row.text(2)?)?, seq, fanning_out };
            // What waits for a decision is not over.
            let decision = if message.message.asks() { self.decision(tenant, message.message.id).await? } else { None };
            if decision.is_some_and(|decision| decision.state == DecisionState::Open) {
                continue;
            }
            if let Some(removal) = self.removal(tenant, &message, last, before).await? {
                deliveries += removal.deliveries.len();
                found.messages.push(removal);
            }
        }
        Ok(found)
    }

    /// What removing a message takes; none while a delivery of it is live, or was settled only lately.
    async fn removal(
        &self,
        tenant: TenantId,
        stored: &StoredMessage,
        last: i64,
        before: Time,
    ) -> Result<Option<Removal>> {
        let message = &stored.message;
        let recipients = self.recipients(tenant, message).await?;
        let deliveries = self.deliveries(tenant, stored.seq, &recipients).await?;
        let over = |at: Option<Time>| at.is_some_and(|at| at <= before);
        let settled = deliveries.iter().all(|delivery| !delivery.state.is_live() && over(delivery.settled_at));
        if !settled || message.sent_at > before {
            return Ok(None);
        }
        Ok(Some(Removal {
            seq: stored.seq,
            id: message.id,
            thread: message.thread_id,
            last,
            decided: message.asks(),
            deliveries: deliveries.into_iter().map(|delivery| (delivery.agent, delivery.state)).collect(),
        }))
    }
}
