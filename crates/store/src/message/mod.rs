//! Messages, as they are found again.

mod filter;
mod recipients;
mod work;

use domain::message::{Message, MessageId};
use domain::{AgentName, TenantId};

use crate::value::{Row, Value};
use crate::{Result, Store, load};

pub use filter::{Order, Readable};
pub use work::Dispatch;

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
}

fn in_thread(id: &str) -> String {
    format!(
        "m.seq IN (SELECT x.seq FROM messages x WHERE x.tenant = $1 AND x.id = {id} UNION ALL \
         SELECT x.seq FROM messages x WHERE x.tenant = $1 AND x.thread = {id} AND x.thread IS NOT NULL)"
    )
}

pub(crate) fn sent_or_received(names: &str) -> String {
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
