//! Tenants and their heads.

use domain::tenant::Tenant;
use domain::{Digest, TenantId, Time};

use crate::value::{Row, Value};
use crate::{Error, Result, Store};

fn tenant(mut row: Row) -> Result<Tenant> {
    Ok(Tenant { id: TenantId(row.int(0)?), name: row.text(1)?, created_at: row.time(2)? })
}

/// How often a tenant is tried to be made while others take its number.
const TRIES: usize = 100;

impl Store {
    /// Makes a tenant's row where there is none of this name; answers its number. Its events begin empty.
    ///
    /// Fails with [`Error::Unavailable`] while one of this name is being brought in.
    pub async fn ensure_tenant(&self, name: &str, now: Time) -> Result<TenantId> {
        // Another process may make this one, or take the number for another one, at the same time.
        let sql = "INSERT INTO tenants (id, name, created_at, seq, hash, version) \
                   SELECT COALESCE(MAX(used.id), 0) + 1, $1, $2, 0, $3, 0 FROM (SELECT id FROM tenants UNION ALL \
                   SELECT id FROM imports) used WHERE true HAVING NOT EXISTS (SELECT 1 FROM imports i WHERE i.name = $1) \
                   ON CONFLICT DO NOTHING";
        // Who only asks again needs no room on the disk.
        if let Some(tenant) = self.tenant_by_name(name).await? {
            return Ok(tenant.id);
        }
        for _ in 0..TRIES {
            self.driver.queue().execute(sql, vec![name.into(), now.into(), Digest::ZERO.into()]).await?;
            if let Some(tenant) = self.tenant_by_name(name).await? {
                return Ok(tenant.id);
            }
            if self.importing(name).await?.is_some() {
                return Err(Error::Unavailable(format!(
                    "tenant `{name}` is being brought in and not whole: finish its `coord import`, or forget it with --abandon"
                )));
            }
        }
        Err(Error::Unavailable(format!("others made tenants all the time while `{name}` was to be made")))
    }

    /// The tenant of this name.
    pub async fn tenant_by_name(&self, name: &str) -> Result<Option<Tenant>> {
        let rows = self.query("SELECT id, name, created_at FROM tenants WHERE name = $1", vec![name.into()]).await?;
        rows.into_iter().next().map(tenant).transpose()
    }

    /// The tenant of this number.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>> {
        let rows = self.query("SELECT id, name, created_at FROM tenants WHERE id = $1", vec![id.0.into()]).await?;
        rows.into_iter().next().map(tenant).transpose()
    }

    /// Tenants by number, after `after`.
    pub async fn tenants(&self, after: TenantId, limit: usize) -> Result<Vec<Tenant>> {
        let sql = "SELECT id, name, created_at FROM tenants WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = self.query(sql, vec![after.0.into(), Value::Int(limit as i64)]).await?;
        rows.into_iter().map(tenant).collect()
    }

    /// Where a tenant's log ends: position, hash, version of the directory. Position 0 and zeros before the first event.
    pub async fn head(&self, tenant: TenantId) -> Result<Option<(i64, Digest, i64)>> {
        let rows = self.query("SELECT seq, hash, version FROM tenants WHERE id = $1", vec![tenant.0.into()]).await?;
        rows.into_iter().next().map(|mut row| Ok((row.int(0)?, row.digest(1)?, row.int(2)?))).transpose()
    }

    /// Where every tenant's log ends, by number.
    pub async fn heads(&self) -> Result<Vec<(TenantId, String, i64)>> {
        let rows = self.query("SELECT id, name, seq FROM tenants ORDER BY id", vec![]).await?;
        rows.into_iter().map(|mut row| Ok((TenantId(row.int(0)?), row.text(1)?, row.int(2)?))).collect()
    }
}
