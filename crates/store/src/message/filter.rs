//! Lists of messages: which are wanted, and along which index they are read.

use domain::filter::MessageFilter;
use domain::key::Caller;
use domain::message::{Kind, MessageId, Priority};
use domain::{AgentName, Span, TenantId, Time};

use super::{COLUMNS, FROM, StoredMessage, in_thread, places, sent_or_received, stored};
use crate::value::{Value, read_all};
use crate::{Result, Store};

/// Whose messages may be found, whatever is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Readable<'a> {
    /// Of this tenant.
    pub tenant: TenantId,
    /// Sent or received by one of these; none: by anybody.
    pub agents: Option<&'a [AgentName]>,
}

impl<'a> Readable<'a> {
    /// What a caller may read.
    pub fn by(caller: &'a Caller) -> Self {
        Self { tenant: caller.tenant, agents: caller.readable() }
    }
}

impl From<TenantId> for Readable<'_> {
    fn from(tenant: TenantId) -> Self {
        Self { tenant, agents: None }
    }
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

/// The columns that every list asks by: tenant, how many, beyond which position.
const TENANT: &str = "$1";
const LIMIT: &str = "$2";
const AFTER: &str = "$3";

/// A way along an index, in the order of positions.
struct Way {
    /// The index: a table under an alias, with a condition on it.
    from: &'static str,
    condition: String,
    /// The column that holds the position.
    key: &'static str,
}

impl Store {
    /// Messages after a position in this order.
    pub async fn messages<'a>(
        &self,
        readable: impl Into<Readable<'a>>,
        filter: &MessageFilter,
        order: Order,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        let (beyond, start, direction) = match order {
            Order::Newest => ("<", i64::MAX, "DESC"),
            Order::Oldest => (">", 0, "ASC"),
        };
        let after = after.unwrap_or(start);
        let Readable { tenant, agents } = readable.into();
        let mut parameters = vec![Value::Int(tenant.0), Value::Int(limit as i64), Value::Int(after)];
        let Way { from, condition, key } = filter.way(&mut parameters);
        let mut sql = format!(
            "SELECT {COLUMNS} FROM {from}messages m CROSS JOIN events e WHERE {condition}m.tenant = {TENANT} \
             AND e.tenant = {TENANT} AND e.seq = m.seq AND {key} {beyond} {AFTER}"
        );
        filter.conditions(key, &mut sql, &mut parameters);
        match agents {
            Some(agents) if filter.is_empty() => {
                let part = format!("{beyond} {AFTER} ORDER BY seq {direction} LIMIT {LIMIT}");
                sql.push_str(&format!(" AND m.seq IN ({})", latest_of(agents, &part, &mut parameters)));
            }
            Some(agents) => {
                let names = places(&mut parameters, agents.iter().map(Value::from));
                sql.push_str(&format!(" AND {}", sent_or_received(&names)));
            }
            None => {}
        }
        sql.push_str(&format!(" ORDER BY {key} {direction} LIMIT {LIMIT}"));
        read_all(self.query(sql, parameters).await?, stored).await
    }

    /// Of the messages at these positions those that meet the filter, newest first.
    pub(crate) async fn messages_of(
        &self,
        Readable { tenant, agents }: Readable<'_>,
        filter: &MessageFilter,
        positions: &[i64],
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        let mut parameters = vec![Value::Int(tenant.0), Value::Int(limit as i64)];
        let seqs = places(&mut parameters, positions.iter().map(|seq| Value::Int(*seq)));
        let mut sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE m.tenant = $1 AND m.seq IN ({seqs})");
        filter.conditions("m.seq", &mut sql, &mut parameters);
        if let Some(agents) = agents {
            let names = places(&mut parameters, agents.iter().map(Value::from));
            sql.push_str(&format!(" AND {}", sent_or_received(&names)));
        }
        sql.push_str(" ORDER BY m.seq DESC LIMIT $2");
        read_all(self.query(sql, parameters).await?, stored).await
    }
}

/// What a filter is in SQL.
trait Sql {
    fn way(&self, parameters: &mut Vec<Value>) -> Way;
    fn is_empty(&self) -> bool;
    fn conditions(&self, key: &str, sql: &mut String, parameters: &mut Vec<Value>);
}

impl Sql for MessageFilter {
    /// The narrowest index that the filter allows. SQLite would rather read all messages by position, since that saves it a
    /// look at the row; so the index is a table of its own to it, and `CROSS JOIN` holds it to reading that first.
    fn way(&self, parameters: &mut Vec<Value>) -> Way {
        let mut one = |value: Value| places(parameters, [value]);
        let along = |condition: String| Way {
            from: "messages x CROSS JOIN ",
            condition: format!("x.tenant = {TENANT} AND {condition} AND m.seq = x.seq AND "),
            key: "x.seq",
        };
        match self {
            Self { thread: Some(_), .. } => Way { from: "", condition: String::new(), key: "m.seq" },
            Self { to: Some(agent), .. } => {
                let agent = one(agent.into());
                let condition = format!("d.tenant = {TENANT} AND d.agent = {agent} AND m.seq = d.seq AND ");
                Way { from: "deliveries d CROSS JOIN ", condition, key: "d.seq" }
            }
            Self { from: Some(agent), .. } => along(format!("x.sender = {}", one(agent.into()))),
            Self { domain: Some(domain), .. } => {
                along(format!("x.domain = {} AND x.domain IS NOT NULL", one(domain.as_str().into())))
            }
            Self { kind: Some(kind), .. } if *kind != Kind::Inform => {
                along(format!("x.kind = {} AND x.kind <> 0", kind.code()))
            }
            Self { priority: Some(priority), .. } if *priority != Priority::Normal => {
                along(format!("x.priority = {} AND x.priority <> 2", priority.code()))
            }
            _ => Way { from: "", condition: String::new(), key: "m.seq" },
        }
    }

    fn is_empty(&self) -> bool {
        let Self { from, to, thread, domain, kind, priority, q: _, since, until } = self;
        from.is_none()
            && to.is_none()
            && thread.is_none()
            && domain.is_none()
            && kind.is_none()
            && priority.is_none()
            && since.is_none()
            && until.is_none()
    }

    /// The conditions on the message itself; `key` is the column of its position that is read along.
    fn conditions(&self, key: &str, sql: &mut String, parameters: &mut Vec<Value>) {
        let mut one = |value: Value| places(parameters, [value]);
        if let Some(agent) = &self.from {
            sql.push_str(&format!(" AND m.sender = {}", one(agent.into())));
        }
        if let Some(agent) = self.to.as_ref().filter(|_| key != "d.seq") {
            sql.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM deliveries d WHERE d.tenant = {TENANT} AND d.agent = {} AND d.seq = m.seq)",
                one(agent.into())
            ));
        }
        if let Some(domain) = &self.domain {
            sql.push_str(&format!(" AND m.domain = {}", one(domain.as_str().into())));
        }
        if let Some(thread) = self.thread {
            sql.push_str(&format!(" AND {}", in_thread(&one(thread.into()))));
        }
        if let Some(kind) = self.kind {
            sql.push_str(&format!(" AND m.kind = {}", kind.code()));
        }
        if let Some(priority) = self.priority {
            sql.push_str(&format!(" AND m.priority = {}", priority.code()));
        }
        if let Some(since) = self.since {
            let floor = first_from(&one(MessageId::new(Time(since.0 - SLACK.0), [0; 10]).into()));
            sql.push_str(&format!(" AND {key} >= {floor} AND e.at >= {}", one(since.into())));
        }
        if let Some(until) = self.until {
            let ceiling = first_from(&one(MessageId::new(until.plus(SLACK), [0; 10]).into()));
            sql.push_str(&format!(" AND {key} <= {ceiling} AND e.at < {}", one(until.into())));
        }
    }
}

/// The position of the first message whose id is this one or later; the end of time where there is none.
fn first_from(id: &str) -> String {
    format!(
        "COALESCE((SELECT f.seq FROM messages f WHERE f.tenant = {TENANT} AND f.id >= {id} ORDER BY f.id LIMIT 1), {})",
        i64::MAX
    )
}

/// The positions of as many messages as are wanted from what each of these agents sent and from what each received.
fn latest_of(agents: &[AgentName], part: &str, parameters: &mut Vec<Value>) -> String {
    let mut parts = vec!["SELECT 0".to_owned()];
    for (number, agent) in agents.iter().enumerate() {
        let agent = places(parameters, [agent.into()]);
        for (table, column) in [("messages", "sender"), ("deliveries", "agent")] {
            parts.push(format!(
                "SELECT seq FROM (SELECT seq FROM {table} WHERE tenant = {TENANT} AND {column} = {agent} AND seq {part}) \
                 {table}{number}"
            ));
        }
    }
    parts.join(" UNION ALL ")
}
