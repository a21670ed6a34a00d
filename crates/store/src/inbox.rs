//! Inboxes, dead letters and what is due.

use std::sync::Arc;

use domain::delivery::{Delivery, State};
use domain::message::{Message, MessageId};
use domain::view::InboxItem;
use domain::{AgentName, TenantId, Time};

use crate::load::{self, with_message};
use crate::message::places;
use crate::rows::{DELIVERY, delivery_row};
use crate::value::{Row, Value, read_all};
use crate::{Result, Store};

/// A delivery and its message.
#[derive(Clone, Debug)]
pub struct Found {
    /// The delivery.
    pub delivery: Delivery,
    /// The message.
    pub message: Message,
}

impl From<Found> for InboxItem {
    fn from(found: Found) -> Self {
        Self { delivery: found.delivery, message: Arc::new(found.message) }
    }
}

/// A delivery with which something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose world.
    pub tenant: TenantId,
    /// Whose delivery.
    pub agent: AgentName,
    /// The message's position.
    pub seq: i64,
}

pub(crate) fn found(mut row: Row) -> Result<Found> {
    Ok(Found { delivery: delivery_row(&mut row)?, message: load::message(&row.text(16)?)? })
}

impl Store {
    /// One delivery.
    pub async fn delivery(&self, tenant: TenantId, agent: &str, message: MessageId) -> Result<Option<Delivery>> {
        let sql = format!(
            "SELECT {DELIVERY} FROM deliveries d WHERE d.tenant = $1 AND d.agent = $2 AND \
             d.seq = (SELECT m.seq FROM messages m WHERE m.tenant = $1 AND m.id = $3)"
        );
        let rows = self.query(sql, vec![tenant.0.into(), agent.into(), message.into()]).await?;
        rows.into_iter().next().map(|mut row| delivery_row(&mut row)).transpose()
    }

    /// An agent's deliveries in one state, in the order in which they are received; after a lane and position.
    pub async fn inbox(
        &self,
        tenant: TenantId,
        agent: &str,
        state: State,
        after: (i64, i64),
        limit: usize,
    ) -> Result<Vec<Found>> {
        let rest = "WHERE d.tenant = $1 AND d.agent = $2 AND d.state = $3 \
                    AND (d.priority, d.seq) > ($4, $5) ORDER BY d.priority, d.seq LIMIT $6";
        let mut parameters = vec![tenant.0.into(), agent.into(), state.code().into()];
        parameters.extend([after.0, after.1, limit as i64].map(Value::Int));
        read_all(self.query(with_message(rest), parameters).await?, found).await
    }

    /// How many deliveries an agent has in each state, by [`State::ALL`].
    pub async fn inbox_counts(&self, tenant: TenantId, agent: &str) -> Result<[i64; 6]> {
        let sql = "SELECT state, n FROM counts WHERE tenant = $1 AND agent = $2";
        counts(self.query(sql, vec![tenant.0.into(), agent.into()]).await?)
    }

    /// How many deliveries there are in each state, in every tenant, by [`State::ALL`].
    pub async fn all_counts(&self) -> Result<[i64; 6]> {
        counts(self.query("SELECT state, CAST(SUM(n) AS BIGINT) FROM counts GROUP BY state", vec![]).await?)
    }

    /// Dead letters of these agents, or of everybody, oldest message first; after a position and recipient.
    pub async fn dead_letters(
        &self,
        tenant: TenantId,
        agents: Option<&[AgentName]>,
        after: (i64, &str),
        limit: usize,
    ) -> Result<Vec<Found>> {
        let mut parameters = vec![tenant.0.into(), after.0.into(), after.1.into(), Value::Int(limit as i64)];
        let only = agents.map_or_else(String::new, |agents| {
            format!("AND d.agent IN ({})", places(&mut parameters, agents.iter().map(Value::from)))
        });
        let rest = format!(
            "WHERE d.tenant = $1 AND d.state = 5 AND d.state > 3 AND (d.seq, d.agent) > ($2, $3) {only} \
             ORDER BY d.seq, d.agent LIMIT $4"
        );
        read_all(self.query(with_message(&rest), parameters).await?, found).await
    }

    /// Deliveries with which something is due, in every tenant.
    pub async fn due(&self, now: Time, limit: usize) -> Result<Vec<Due>> {
        let sql = "SELECT d.tenant, d.agent, d.seq FROM tenants t CROSS JOIN deliveries d \
                   WHERE d.tenant = t.id AND d.due IS NOT NULL AND d.due <= $1 LIMIT $2";
        let rows = self.query(sql, vec![now.into(), Value::Int(limit as i64)]).await?;
        let read = |mut row: Row| Ok(Due { tenant: TenantId(row.int(0)?), agent: row.agent(1)?, seq: row.int(2)? });
        rows.into_iter().map(read).collect()
    }
}

fn counts(rows: Vec<Row>) -> Result<[i64; 6]> {
    let mut counts = [0; 6];
    for mut row in rows {
        let (state, n) = (row.int(0)?, row.int(1)?);
        if let Some(count) = usize::try_from(state).ok().and_then(|state| counts.get_mut(state)) {
            *count = n;
        }
    }
    Ok(counts)
}
