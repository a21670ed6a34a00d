//! The counts that are kept with every change, compared with what counting gives.

use domain::{State, TenantId};

use domain::view::PROBLEMS_MAX;

use super::Check;
use crate::value::{Row, Value};
use crate::{Result, Store};

impl Store {
    /// Counts every inbox and compares, in one statement and so at one moment.
    pub(super) async fn count_all(&self, tenant: TenantId, check: &mut Check) -> Result<()> {
        // One side says what is kept, the other what counting gives; both together are one row for each agent and state.
        let sql = "SELECT b.agent, b.state, CAST(SUM(b.kept) AS BIGINT), CAST(SUM(b.counted) AS BIGINT) FROM (\
                   SELECT c.agent, c.state, c.n AS kept, 0 AS counted FROM counts c WHERE c.tenant = $1 UNION ALL \
                   SELECT d.agent, d.state, 0, COUNT(*) FROM deliveries d WHERE d.tenant = $1 GROUP BY d.agent, d.state\
                   ) b GROUP BY b.agent, b.state HAVING SUM(b.kept) <> SUM(b.counted) LIMIT $2";
        let rows = self.query(sql, vec![tenant.0.into(), Value::Int(PROBLEMS_MAX as i64)]).await?;
        for row in rows {
            check.miscounted(row)?;
        }
        Ok(())
    }
}

impl Check {
    fn miscounted(&mut self, mut row: Row) -> Result<()> {
        let (agent, state, kept, counted) = (row.text(0)?, row.int(1)?, row.int(2)?, row.int(3)?);
        let state = State::from_code(state).map_or_else(|| format!("in the state {state}"), |state| state.to_string());
        self.problem(None, "count", format!("{agent}: {kept} {state} are kept, counting gives {counted}"));
        Ok(())
    }
}
