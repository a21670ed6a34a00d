//! Agents and grants: what a directory is made of.

use domain::TenantId;
use domain::agent::Agent;
use domain::directory::Grant;

use crate::value::Row;
use crate::{Error, Result, Store};

/// Reads an agent from the column with its data.
pub(crate) fn agent(row: &mut Row, column: usize) -> Result<Agent> {
    let data = row.text(column)?;
    serde_json::from_str(&data).map_err(|error| Error::Corrupt(format!("an agent cannot be read: {error}")))
}

/// Selects the columns of [`grant`].
pub(crate) const GRANTS: &str = "SELECT domain, agent, until, granted_at, reason FROM grants";

pub(crate) fn grant(row: &mut Row) -> Result<Grant> {
    Ok(Grant {
        domain: row.text(0)?,
        agent: row.agent(1)?,
        until: row.time(2)?,
        granted_at: row.time(3)?,
        reason: row.text(4)?,
    })
}

impl Store {
    /// Every agent of a tenant, retired ones too, by name.
    pub async fn agents(&self, tenant: TenantId) -> Result<Vec<Agent>> {
        let rows = self.query("SELECT data FROM agents WHERE tenant = $1 ORDER BY name", vec![tenant.0.into()]).await?;
        rows.into_iter().map(|mut row| agent(&mut row, 0)).collect()
    }

    /// Every grant of a tenant, ended ones too.
    pub async fn grants(&self, tenant: TenantId) -> Result<Vec<Grant>> {
        let sql = format!("{GRANTS} WHERE tenant = $1 ORDER BY domain, agent");
        let rows = self.query(sql, vec![tenant.0.into()]).await?;
        rows.into_iter().map(|mut row| grant(&mut row)).collect()
    }
}
