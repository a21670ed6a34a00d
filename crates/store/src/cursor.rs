//! Cursors: how far each reader of the log has come.

use domain::TenantId;

use crate::{Result, Store};

/// The reader that gives messages to the workers.
pub const RELAY_CURSOR: &str = "relay";

impl Store {
    /// Tenants whose log goes further than this reader has come: tenant, cursor, head.
    pub async fn behind(&self, reader: &'static str) -> Result<Vec<(TenantId, i64, i64)>> {
        let sql = "SELECT t.id, COALESCE(c.seq, 0), t.seq FROM tenants t \
                   LEFT JOIN cursors c ON c.tenant = t.id AND c.name = $1 WHERE t.seq > COALESCE(c.seq, 0) ORDER BY t.id";
        let rows = self.query(sql, vec![reader.into()]).await?;
        rows.into_iter().map(|mut row| Ok((TenantId(row.int(0)?), row.int(1)?, row.int(2)?))).collect()
    }
}
