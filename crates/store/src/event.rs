//! The event log, as it is read.

use domain::agent::AgentName;
use domain::event::{Event, EventKind};
use domain::filter::EventFilter;
use domain::{Digest, TenantId};

use crate::value::{Row, Value, read_all};
use crate::{Error, ReadBounds, Result, Store};

/// The columns of an event, in the order of [`event`].
pub(crate) const COLUMNS: &str = "e.seq, e.kind, e.at, COALESCE(e.message, m.id), COALESCE(e.agent, m.sender), e.data, e.hash, COALESCE(p.hash, k.previous)";
pub(crate) const FROM: &str = "FROM events e LEFT JOIN events p ON p.tenant = e.tenant AND p.seq = e.seq - 1 \
     LEFT JOIN kept k ON k.tenant = e.tenant AND k.seq = e.seq \
     LEFT JOIN messages m ON m.tenant = e.tenant AND m.seq = e.seq";

/// Reads the columns of [`COLUMNS`] from the front of a row.
pub(crate) fn event(row: &mut Row) -> Result<Event> {
    let kind = row.int(1)?;
    Ok(Event {
        seq: row.int(0)?,
        kind: EventKind::from_code(kind).ok_or_else(|| Error::Corrupt(format!("an event has the type {kind}")))?,
        at: row.time(2)?,
        message: row.opt_message(3)?,
        agent: row.opt_text(4)?.map(AgentName::stored),
        data: row.text(5)?,
        hash: row.digest(6)?,
        previous: row.opt_bytes(7)?.map_or(Digest::ZERO, Digest),
    })
}

impl Store {
    /// The next events of a tenant after a position, oldest first; as many as the bounds allow.
    ///
    /// `message.sent` events find their message and agent in `messages`, so each filter joins two indexed ranges.
    pub async fn events(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        after: i64,
        bounds: impl Into<ReadBounds>,
    ) -> Result<Vec<Event>> {
        let ReadBounds { items, bytes } = bounds.into();
        let mut parameters = vec![Value::Int(tenant.0), Value::Int(after), Value::Int(items as i64)];
        let wanted = filter.positions(&mut parameters);
        let sql = format!("SELECT {COLUMNS} {FROM} WHERE e.tenant = $1 AND e.seq > $2{wanted} ORDER BY e.seq LIMIT $3");
        let (rows, _) = self.query_within(sql, parameters, bytes).await?;
        read_all(rows, |mut row| event(&mut row)).await
    }

    /// The event at a position.
    pub async fn event(&self, tenant: TenantId, seq: i64) -> Result<Option<Event>> {
        let sql = format!("SELECT {COLUMNS} {FROM} WHERE e.tenant = $1 AND e.seq = $2");
        let rows = self.query(sql, vec![tenant.0.into(), seq.into()]).await?;
        rows.into_iter().next().map(|mut row| event(&mut row)).transpose()
    }
}

/// What a filter is in SQL.
trait Sql {
    fn positions(&self, parameters: &mut Vec<Value>) -> String;
}

impl Sql for EventFilter {
    /// The positions that the filter wants, from an index of `messages` and one of `events`, each no further than asked for.
    fn positions(&self, parameters: &mut Vec<Value>) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let mut place = |value: Value| {
            parameters.push(value);
            format!("${}", parameters.len())
        };
        let (mut sent, mut other) = (String::new(), String::new());
        if let Some(message) = self.message {
            let id = place(message.into());
            sent.push_str(&format!(" AND m.id = {id}"));
            other.push_str(&format!(" AND e.message = {id} AND e.message IS NOT NULL"));
        }
        if let Some(agent) = &self.agent {
            let name = place(agent.into());
            sent.push_str(&format!(" AND m.sender = {name}"));
            other.push_str(&format!(" AND e.agent = {name} AND e.agent IS NOT NULL"));
        }
        if let Some(kind) = self.kind {
            other.push_str(&format!(" AND e.kind = {} AND e.kind > 0", kind.code()));
        }
        let sent =
            format!("SELECT m.seq FROM messages m WHERE m.tenant = $1 AND m.seq > $2{sent} ORDER BY m.seq LIMIT $3");
        let other =
            format!("SELECT e.seq FROM events e WHERE e.tenant = $1 AND e.seq > $2{other} ORDER BY e.seq LIMIT $3");
        let positions = match self.kind {
            Some(EventKind::MessageSent) => sent,
            Some(_) => other,
            None => format!("SELECT seq FROM ({sent}) s UNION ALL SELECT seq FROM ({other}) o"),
        };
        format!(" AND e.seq IN ({positions})")
    }
}
