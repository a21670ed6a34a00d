//! Messages as work: what workers, fan-out and the forgetting of idempotency keys go through.

use domain::message::Priority;
use domain::{TenantId, Time};

use crate::value::{Row, Value};
use crate::{Error, Result, Store};

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

impl Store {
    /// Positions of messages that still have recipients to be written; those of which none is written first.
    pub async fn fanning_out(&self, tenant: TenantId, limit: usize) -> Result<Vec<i64>> {
        let sql = "SELECT seq FROM messages WHERE tenant = $1 AND fan_out < '~' ORDER BY fan_out, seq LIMIT $2";
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
