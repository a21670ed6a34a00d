//! Messages, as they are found again.

use domain::delivery::{Delivery, State};
use domain::event::EventKind;
use domain::message::{Kind, Message, MessageId, Priority};
use domain::rebuild::FannedOut;
use domain::{AgentName, Span, TenantId, Time};

use crate::event::EventFilter;
use crate::rows::{DELIVERY, delivery_row};
use crate::value::{Row, Value};
use crate::{Error, Result, Store, load};

/// A message in its place.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// The message.
    pub message: Message,
    /// Its position in the log.
    pub seq: i64,
    /// Whether workers still write recipients.
    pub fanning_out: bool,
}

/// Which messages are wanted; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Sent by this agent.
    pub from: Option<String>,
    /// Delivered to this agent.
    pub to: Option<String>,
    /// In this thread.
    pub thread: Option<MessageId>,
    /// In this domain.
    pub domain: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// In this lane.
    pub priority: Option<Priority>,
    /// With these words in subject or body.
    pub q: Option<String>,
    /// Sent at this time or later.
    pub since: Option<Time>,
    /// Sent before this time.
    pub until: Option<Time>,
    /// Sent or received by one of these; none: by anybody.
    pub readable: Option<Vec<AgentName>>,
}

/// A message as work for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Its position.
    pub seq: i64,
    /// Its lane.
    pub lane: Priority,
    /// Whether recipients are still to be written.
    pub fan_out: bool,
}

/// In which order messages are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The latest first.
    Newest,
    /// The earliest first.
    Oldest,
}

/// Ids sort by the milliseconds in them, positions by when the commit was; between the two lies less than this.
const SLACK: Span = Span::from_secs(60);

fn stored(mut row: Row) -> Result<StoredMessage> {
    let fan_out = row.opt_text(1)?;
    Ok(StoredMessage {
        seq: row.int(0)?,
        fanning_out: fan_out.is_some_and(|last| last != "~"),
        message: load::message(&row.text(2)?)?,
    })
}

const COLUMNS: &str = "m.seq, m.fan_out, e.data";
const FROM: &str = "messages m JOIN events e ON e.tenant = m.tenant AND e.seq = m.seq";

impl Store {
    /// The message of this id.
    pub async fn message(&self, tenant: TenantId, id: MessageId) -> Result<Option<StoredMessage>> {
        let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE m.tenant = $1 AND m.id = $2");
        let rows = self.query(sql, vec![tenant.0.into(), id.into()]).await?;
        rows.into_iter().next().map(stored).transpose()
    }

    /// The message at this position, if a message stands there.
    pub async fn message_at(&self, tenant: TenantId, seq: i64) -> Result<Option<StoredMessage>> {
        let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE m.tenant = $1 AND m.seq = $2");
        let rows = self.query(sql, vec![tenant.0.into(), seq.into()]).await?;
        rows.into_iter().next().map(stored).transpose()
    }

    /// The thread that a message belongs to.
    pub async fn thread_of(&self, tenant: TenantId, id: MessageId) -> Result<Option<MessageId>> {
        let sql = "SELECT COALESCE(thread, id) FROM messages WHERE tenant = $1 AND id = $2";
        let rows = self.query(sql, vec![tenant.0.into(), id.into()]).await?;
        rows.into_iter().next().map(|mut row| row.message(0)).transpose()
    }

    /// Whether one of these agents sent or received a message of this thread.
    pub async fn takes_part(&self, tenant: TenantId, thread: MessageId, agents: &[AgentName]) -> Result<bool> {
        let mut parameters = vec![tenant.0.into(), thread.into()];
        let names = places(&mut parameters, agents.iter().map(Value::from));
        let sql = format!(
            "SELECT 1 FROM messages m WHERE m.tenant = $1 AND {} AND {} LIMIT 1",
            in_thread("$2"),
            sent_or_received(&names)
        );
        Ok(!self.query(sql, parameters).await?.is_empty())
    }

    /// Messages after a position in this order.
    pub async fn messages(
        &self,
        tenant: TenantId,
        filter: &MessageFilter,
        order: Order,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        let mut parameters = vec![Value::Int(tenant.0), Value::Int(limit as i64)];
        let (beyond, start, way) = match order {
            Order::Newest => ("<", i64::MAX, "DESC"),
            Order::Oldest => (">", 0, "ASC"),
        };
        parameters.push(after.unwrap_or(start).into());
        // Read along the recipient's deliveries where there is one, else along the messages.
        let (from, key) = match &filter.to {
            Some(agent) => {
                parameters.push(agent.as_str().into());
                (format!("deliveries d CROSS JOIN {FROM}"), "d.seq")
            }
            None => (FROM.to_owned(), "m.seq"),
        };
        let to = if filter.to.is_some() { "d.tenant = $1 AND d.agent = $4 AND m.seq = d.seq AND " } else { "" };
        let mut sql = format!("SELECT {COLUMNS} FROM {from} WHERE {to}m.tenant = $1 AND {key} {beyond} $3");
        filter.conditions(&mut sql, &mut parameters);
        sql.push_str(&format!(" ORDER BY {key} {way} LIMIT $2"));
        self.query(sql, parameters).await?.into_iter().map(stored).collect()
    }

    /// Of the messages at these positions those that meet the filter, newest first.
    pub(crate) async fn messages_of(
        &self,
        tenant: TenantId,
        filter: &MessageFilter,
        positions: &[i64],
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        let mut parameters = vec![Value::Int(tenant.0), Value::Int(limit as i64)];
        let seqs = places(&mut parameters, positions.iter().map(|seq| Value::Int(*seq)));
        let mut sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE m.tenant = $1 AND m.seq IN ({seqs})");
        if let Some(agent) = &filter.to {
            let name = places(&mut parameters, [agent.as_str().into()]);
            sql.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM deliveries d WHERE d.tenant = $1 AND d.agent = {name} AND d.seq = m.seq)"
            ));
        }
        filter.conditions(&mut sql, &mut parameters);
        sql.push_str(" ORDER BY m.seq DESC LIMIT $2");
        self.query(sql, parameters).await?.into_iter().map(stored).collect()
    }

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

    /// Positions of messages that still have recipients to be written, oldest first.
    pub async fn fanning_out(&self, tenant: TenantId, limit: usize) -> Result<Vec<i64>> {
        let sql = "SELECT seq FROM messages WHERE tenant = $1 AND fan_out < '~' ORDER BY seq LIMIT $2";
        let rows = self.query(sql, vec![tenant.0.into(), Value::Int(limit as i64)]).await?;
        rows.into_iter().map(|mut row| row.int(0)).collect()
    }

    /// The last recipient that was written of a message with more to be written: empty before the first; none: there are no
    /// more.
    pub async fn fan_out_of(&self, tenant: TenantId, seq: i64) -> Result<Option<String>> {
        let sql = "SELECT fan_out FROM messages WHERE tenant = $1 AND seq = $2 AND fan_out < '~'";
        let rows = self.query(sql, vec![tenant.0.into(), seq.into()]).await?;
        rows.into_iter().next().map(|mut row| row.text(0)).transpose()
    }

    /// The next messages after a position, as work for a worker.
    pub async fn dispatches(&self, tenant: TenantId, after: i64, limit: usize) -> Result<Vec<Dispatch>> {
        let sql = "SELECT seq, priority, fan_out FROM messages WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let rows = self.query(sql, vec![tenant.0.into(), after.into(), Value::Int(limit as i64)]).await?;
        let read = |mut row: Row| {
            let lane = row.int(1)?;
            let lane = Priority::from_code(lane).ok_or_else(|| Error::Corrupt(format!("a priority {lane}")))?;
            Ok(Dispatch { seq: row.int(0)?, lane, fan_out: row.opt_text(2)?.is_some_and(|last| last != "~") })
        };
        rows.into_iter().map(read).collect()
    }

    /// Whether a tenant has idempotency keys whose time has passed.
    pub async fn forgettable(&self, tenant: TenantId, now: Time) -> Result<bool> {
        let sql = "SELECT 1 FROM idempotency WHERE tenant = $1 AND until <= $2 LIMIT 1";
        Ok(!self.query(sql, vec![tenant.0.into(), now.into()]).await?.is_empty())
    }
}

impl MessageFilter {
    fn conditions(&self, sql: &mut String, parameters: &mut Vec<Value>) {
        let mut one = |value: Value| places(parameters, [value]);
        if let Some(agent) = &self.from {
            sql.push_str(&format!(" AND m.sender = {}", one(agent.as_str().into())));
        }
        if let Some(domain) = &self.domain {
            sql.push_str(&format!(" AND m.domain = {} AND m.domain IS NOT NULL", one(domain.as_str().into())));
        }
        if let Some(thread) = self.thread {
            sql.push_str(&format!(" AND {}", in_thread(&one(thread.into()))));
        }
        if let Some(kind) = self.kind {
            let indexed = if kind == Kind::Inform { "" } else { " AND m.kind > 0" };
            sql.push_str(&format!(" AND m.kind = {}{indexed}", kind.code()));
        }
        if let Some(priority) = self.priority {
            let indexed = if priority == Priority::Normal { "" } else { " AND m.priority <> 2" };
            sql.push_str(&format!(" AND m.priority = {}{indexed}", priority.code()));
        }
        if let Some(since) = self.since {
            let floor = one(MessageId::new(Time(since.0 - SLACK.0), [0; 10]).into());
            sql.push_str(&format!(
                " AND m.seq >= COALESCE((SELECT x.seq FROM messages x WHERE x.tenant = $1 AND x.id >= {floor} \
                 ORDER BY x.id LIMIT 1), {}) AND e.at >= {}",
                i64::MAX,
                one(since.into())
            ));
        }
        if let Some(until) = self.until {
            let ceiling = one(MessageId::new(until.plus(SLACK), [0; 10]).into());
            sql.push_str(&format!(
                " AND m.seq <= COALESCE((SELECT x.seq FROM messages x WHERE x.tenant = $1 AND x.id >= {ceiling} \
                 ORDER BY x.id LIMIT 1), {}) AND e.at < {}",
                i64::MAX,
                one(until.into())
            ));
        }
        if let Some(agents) = &self.readable {
            let names = places(parameters, agents.iter().map(Value::from));
            sql.push_str(&format!(" AND {}", sent_or_received(&names)));
        }
    }
}

fn in_thread(id: &str) -> String {
    format!(
        "m.seq IN (SELECT x.seq FROM messages x WHERE x.tenant = $1 AND x.id = {id} UNION ALL \
         SELECT x.seq FROM messages x WHERE x.tenant = $1 AND x.thread = {id} AND x.thread IS NOT NULL)"
    )
}

fn sent_or_received(names: &str) -> String {
    format!(
        "(m.sender IN ({names}) OR EXISTS (SELECT 1 FROM deliveries r \
         WHERE r.tenant = $1 AND r.agent IN ({names}) AND r.seq = m.seq))"
    )
}

/// Appends parameters and answers their places, as in `$4, $5`; of none, a `NULL` that nothing equals.
pub(crate) fn places(parameters: &mut Vec<Value>, values: impl IntoIterator<Item = Value>) -> String {
    let mut places = Vec::new();
    for value in values {
        parameters.push(value);
        places.push(format!("${}", parameters.len()));
    }
    if places.is_empty() { "NULL".to_owned() } else { places.join(", ") }
}
