//! Keys: found by their public id, proven by the hash of the whole.

use domain::key::{Key, Role};
use domain::{Digest, TenantId};

use crate::value::{Row, Value};
use crate::{Error, Result, Store};

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// What is known of it.
    pub key: Key,
    /// The SHA-256 of its text.
    pub hash: Digest,
}

/// The columns of [`key_row`].
pub(crate) const COLUMNS: &str = "tenant, id, hash, role, agents, name, created_at, revoked_at";

pub(crate) fn key_row(row: &mut Row) -> Result<KeyRow> {
    let role = row.int(3)?;
    let agents = row.text(4)?;
    let key = Key {
        tenant: TenantId(row.int(0)?),
        id: row.text(1)?,
        role: Role::from_code(role).ok_or_else(|| Error::Corrupt(format!("a key has the role {role}")))?,
        agents: serde_json::from_str(&agents).map_err(|error| Error::Corrupt(error.to_string()))?,
        name: row.text(5)?,
        created_at: row.time(6)?,
        revoked_at: row.opt_time(7)?,
    };
    Ok(KeyRow { key, hash: row.digest(2)? })
}

impl Store {
    /// The key of this id, revoked or not. The id names its tenant, so the lookup stays within it.
    pub async fn key(&self, tenant: TenantId, id: &str) -> Result<Option<KeyRow>> {
        let sql = format!("SELECT {COLUMNS} FROM keys WHERE tenant = $1 AND id = $2");
        let rows = self.query(sql, vec![tenant.0.into(), id.into()]).await?;
        rows.into_iter().next().map(|mut row| key_row(&mut row)).transpose()
    }

    /// A tenant's keys by id, after `after`.
    pub async fn keys(&self, tenant: TenantId, after: &str, limit: usize) -> Result<Vec<KeyRow>> {
        let sql = format!("SELECT {COLUMNS} FROM keys WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3");
        let rows = self.query(sql, vec![tenant.0.into(), after.into(), Value::Int(limit as i64)]).await?;
        rows.into_iter().map(|mut row| key_row(&mut row)).collect()
    }

    /// How many of a tenant's keys are not revoked.
    pub async fn keys_in_force(&self, tenant: TenantId) -> Result<usize> {
        let sql = "SELECT COUNT(*) FROM keys WHERE tenant = $1 AND revoked_at IS NULL";
        let rows = self.query(sql, vec![tenant.0.into()]).await?;
        Ok(rows.into_iter().next().map_or(Ok(0), |mut row| row.int(0))? as usize)
    }

    /// Whether any key was ever made, in any tenant.
    pub async fn any_key(&self) -> Result<bool> {
        Ok(!self.query("SELECT 1 FROM keys LIMIT 1", vec![]).await?.is_empty())
    }
}
