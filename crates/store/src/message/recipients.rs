//! Who gets a message, and how it stands with each.

use domain::delivery::{Delivery, State};
use domain::event::EventKind;
use domain::message::Message;
use domain::rebuild::FannedOut;
use domain::{AgentName, TenantId};

use super::places;
use crate::rows::{DELIVERY, delivery_row};
use crate::value::Value;
use crate::{Error, Result, Store};
use domain::filter::EventFilter;

impl Store {
    /// Every recipient of a message that has been written, in the order of writing.
    pub async fn recipients(&self, tenant: TenantId, message: &Message) -> Result<Vec<AgentName>> {
        let mut recipients = message.recipients.clone();
        if message.fan_out {
            let filter =
                EventFilter { kind: Some(EventKind::MessageFannedOut), message: Some(message.id), agent: None };
            for event in self.events(tenant, &filter, 0, usize::from(u16::MAX)).await? {
                let part: FannedOut =
                    serde_json::from_str(&event.data).map_err(|error| Error::Corrupt(error.to_string()))?;
                recipients.extend(part.recipients);
            }
        }
        Ok(recipients)
    }

    /// The deliveries of the message at a position to these agents, by name.
    pub async fn deliveries(&self, tenant: TenantId, seq: i64, agents: &[AgentName]) -> Result<Vec<Delivery>> {
        let mut found = Vec::with_capacity(agents.len());
        for part in agents.chunks(500) {
            let mut parameters = vec![tenant.0.into(), seq.into()];
            let names = places(&mut parameters, part.iter().map(Value::from));
            let sql = format!(
                "SELECT {DELIVERY} FROM deliveries d WHERE d.tenant = $1 AND d.seq = $2 AND d.agent IN ({names}) ORDER BY d.agent"
            );
            let rows = self.query(sql, parameters).await?;
            for mut row in rows {
                found.push(delivery_row(&mut row)?);
            }
        }
        Ok(found)
    }

    /// The states of deliveries, each named by position and agent; in no order.
    pub async fn states(&self, tenant: TenantId, wanted: &[(i64, &AgentName)]) -> Result<Vec<(i64, AgentName, State)>> {
        let mut found = Vec::with_capacity(wanted.len());
        for part in wanted.chunks(500) {
            let mut parameters = vec![Value::Int(tenant.0)];
            let mut pairs = Vec::with_capacity(part.len());
            for (seq, agent) in part {
                let agent = places(&mut parameters, [Value::from(*agent)]);
                // PostgreSQL takes a bare parameter in VALUES for text.
                pairs.push(format!("({agent}, CAST({} AS BIGINT))", places(&mut parameters, [Value::Int(*seq)])));
            }
            let sql = format!(
                "SELECT d.seq, d.agent, d.state FROM deliveries d WHERE d.tenant = $1 AND (d.agent, d.seq) IN (VALUES {})",
                pairs.join(", ")
            );
            for mut row in self.query(sql, parameters).await? {
                let state = row.int(2)?;
                let state = State::from_code(state).ok_or_else(|| Error::Corrupt(format!("a state {state}")))?;
                found.push((row.int(0)?, row.agent(1)?, state));
            }
        }
        Ok(found)
    }
}
