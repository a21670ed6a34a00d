//! The log: every hash recomputed, and what stands beside the hashed data compared with them.

use domain::event::{Event, EventKind};
use domain::message::{Kind, MessageId, Priority};
use domain::{AgentName, Digest, TenantId, chain};

use super::Check;
use crate::event::{COLUMNS, FROM, event};
use crate::value::{Row, Value};
use crate::{Result, Store};

/// Events that are read at once; each may hold a body.
pub(super) const PAGE: i64 = 256;

impl Store {
    /// Recomputes the chain from where the check stands to the head, and rebuilds deliveries on the way.
    pub(super) async fn walk(&self, tenant: TenantId, check: &mut Check) -> Result<()> {
        let (head_seq, head_hash, _) = self.head(tenant).await?.unwrap_or((0, Digest::ZERO, 0));
        let sql = format!(
            "SELECT {COLUMNS}, m.thread, m.kind, m.priority, m.domain, CASE WHEN m.fan_out IS NULL THEN 0 ELSE 1 END \
             {FROM} WHERE e.tenant = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY e.seq LIMIT $4"
        );
        while check.seq < head_seq && !check.is_full() {
            let page = [tenant.0, check.seq, head_seq, PAGE].map(Value::Int).to_vec();
            let rows = self.query(sql.as_str(), page).await?;
            if rows.is_empty() {
                let missing = check.seq + 1;
                check.problem(Some(missing), "gap", format!("event {missing} is missing; the head says {head_seq}"));
                break;
            }
            for row in rows {
                check.row(row);
            }
        }
        if let Some(beyond) = self.beyond_head(tenant).await? {
            check.problem(Some(beyond), "head", format!("event {beyond} stands beyond the head"));
        }
        if check.seq == head_seq && check.hash != head_hash {
            check.problem(Some(head_seq), "head", format!("the head has the hash {head_hash}, the log {}", check.hash));
        }
        (check.report.head_seq, check.report.head_hash) = (check.seq, check.hash);
        Ok(())
    }

    /// The last event, where it stands beyond the head as it is in the same moment.
    async fn beyond_head(&self, tenant: TenantId) -> Result<Option<i64>> {
        let sql = "SELECT e.seq FROM tenants t JOIN events e ON e.tenant = t.id AND e.seq > t.seq WHERE t.id = $1 \
                   ORDER BY e.seq DESC LIMIT 1";
        let rows = self.query(sql, vec![tenant.0.into()]).await?;
        rows.into_iter().next().map(|mut row| row.int(0)).transpose()
    }
}

impl Check {
    fn row(&mut self, row: Row) {
        let seq = row.peek_int(0).unwrap_or(self.seq + 1);
        let follows = seq == self.seq + 1;
        if !follows {
            let missing = self.seq + 1;
            self.problem(Some(missing), "gap", format!("event {missing} is missing; event {seq} is the next"));
        }
        let hash = row.peek_digest(6);
        // What follows a gap cannot be linked to what is gone.
        self.read(seq, row, follows.then_some(self.hash));
        // Goes on from what is stored, so that one broken link is one problem.
        (self.seq, self.hash) = (seq, hash.unwrap_or_default());
        self.report.checked += 1;
    }

    /// Checks an event whose predecessor has gone, with the hash that was kept of it.
    pub(super) fn kept_row(&mut self, row: Row) {
        let seq = row.peek_int(0).unwrap_or_default();
        let previous = row.peek_digest(7).unwrap_or(Digest::ZERO);
        self.read(seq, row, Some(previous));
        self.report.kept += 1;
    }

    /// Recomputes the hash of an event, where the one before it is known, and applies it.
    fn read(&mut self, seq: i64, mut row: Row, previous: Option<Digest>) {
        match event(&mut row).map_err(|error| error.to_string()) {
            Ok(event) => {
                if let Some(previous) = previous {
                    self.event(&event, previous);
                }
                let beside = beside(&event, &mut row);
                let applied =
                    beside.and_then(|()| self.rebuilt.apply(&event)).and_then(|()| self.recorded.apply(&event));
                if let Err(why) = applied {
                    self.problem(Some(seq), "content", format!("event {seq}: {why}"));
                }
            }
            Err(why) => self.problem(Some(seq), "content", format!("event {seq} cannot be read: {why}")),
        }
    }

    fn event(&mut self, event: &Event, previous: Digest) {
        let Event { seq, at, kind, data, hash: stored, .. } = event;
        let hash = chain::link(&previous, *seq, *at, kind.as_str(), data.as_bytes());
        if hash != *stored {
            let detail = format!("event {seq} has the hash {stored}, its content and the event before give {hash}");
            self.problem(Some(*seq), "hash", detail);
        }
    }
}

/// What the index row of a message repeats.
#[derive(serde::Deserialize)]
struct Sent {
    id: MessageId,
    from: AgentName,
    thread_id: MessageId,
    kind: Kind,
    priority: Priority,
    domain: Option<String>,
    #[serde(default)]
    fan_out: bool,
}

/// Compares the index row of a message, which no hash covers, with what its event says.
fn beside(event: &Event, row: &mut Row) -> std::result::Result<(), String> {
    let index = Index::read(row).map_err(|error| error.to_string())?;
    if event.kind != EventKind::MessageSent {
        return if index.kind.is_none() {
            Ok(())
        } else {
            Err("an index row of a message stands beside it".to_owned())
        };
    }
    let sent: Sent = serde_json::from_str(&event.data).map_err(|error| format!("its data cannot be read: {error}"))?;
    let expected = Index {
        thread: Some(sent.thread_id).filter(|thread| *thread != sent.id),
        kind: Some(sent.kind.code()),
        priority: Some(sent.priority.code()),
        domain: sent.domain,
        fan_out: sent.fan_out,
    };
    if event.message == Some(sent.id) && event.agent.as_ref() == Some(&sent.from) && index == expected {
        return Ok(());
    }
    Err(format!("the index row of message {} is missing or says something else", sent.id))
}

/// The columns of an index row behind those of its event; all empty where there is none.
#[derive(PartialEq)]
struct Index {
    thread: Option<MessageId>,
    kind: Option<i64>,
    priority: Option<i64>,
    domain: Option<String>,
    fan_out: bool,
}

impl Index {
    fn read(row: &mut Row) -> Result<Self> {
        Ok(Self {
            thread: row.opt_message(8)?,
            kind: row.opt_int(9)?,
            priority: row.opt_int(10)?,
            domain: row.opt_text(11)?,
            fan_out: row.int(12)? != 0,
        })
    }
}
