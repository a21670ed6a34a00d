//! What is kept from before the beginning of the log: each event by itself, with the hash that stood before it.

use domain::TenantId;

use super::Check;
use super::chain::PAGE;
use crate::event::{COLUMNS, FROM};
use crate::value::Value;
use crate::{Result, Store};

impl Store {
    /// Recomputes the hash of every kept event, and rebuilds the deliveries of its message.
    pub(super) async fn kept(&self, tenant: TenantId, check: &mut Check) -> Result<()> {
        let sql = format!(
            "SELECT {COLUMNS}, m.thread, m.kind, m.priority, m.domain, CASE WHEN m.fan_out IS NULL THEN 0 ELSE 1 END \
             {FROM} WHERE e.tenant = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY e.seq LIMIT $4"
        );
        let (mut after, trimmed) = (0, check.report.trimmed_seq);
        while after < trimmed && !check.is_full() {
            let page = [tenant.0, after, trimmed, PAGE].map(Value::Int).to_vec();
            let rows = self.query(sql.as_str(), page).await?;
            let Some(last) = rows.last() else { break };
            after = last.peek_int(0).unwrap_or(trimmed);
            for row in rows {
                check.kept_row(row);
            }
        }
        Ok(())
    }
}
