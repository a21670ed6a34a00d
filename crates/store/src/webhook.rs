//! Webhooks: their secrets, and who may be pushed to.

use domain::delivery::Receipt;
use domain::webhook::{SigningSecret, WebhookSecrets};
use domain::{AgentName, TenantId, Time};

use crate::message::places;
use crate::value::{Row, Value};
use crate::{Result, Store};

/// Agents that one query asks for.
const PART: usize = 200;

/// The condition that a push to the agent of `alias` is under way or pauses at `$4`: the delivery that the lane names is still
/// under the lease it was pushed with, or the lane names none.
pub(crate) fn busy(alias: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM push_lanes l WHERE l.tenant = $1 AND l.agent = {alias}.agent AND l.until > $4 AND \
         (l.seq = 0 OR EXISTS (SELECT 1 FROM deliveries b WHERE b.tenant = $1 AND b.agent = l.agent AND b.seq = l.seq \
         AND b.state = 1 AND b.lease = l.lease)))"
    )
}

impl Store {
    /// The secrets of an agent's webhook; none before its first push or look.
    pub async fn webhook_secrets(&self, tenant: TenantId, agent: &AgentName) -> Result<Option<WebhookSecrets>> {
        let sql = "SELECT secret, previous, previous_until FROM webhook_secrets WHERE tenant = $1 AND agent = $2";
        let rows = self.query(sql, vec![tenant.0.into(), agent.into()]).await?;
        let read = |mut row: Row| {
            let previous = row.opt_bytes(1)?.map(SigningSecret).zip(row.opt_time(2)?);
            Ok(WebhookSecrets { current: SigningSecret(row.digest(0)?.0), previous })
        };
        rows.into_iter().next().map(read).transpose()
    }

    /// Which of these agents have something pending, and no push under way or pause.
    pub async fn pushable(&self, tenant: TenantId, agents: &[AgentName], now: Time) -> Result<Vec<AgentName>> {
        let mut found = Vec::new();
        for part in agents.chunks(PART) {
            // The first places are those of a claim, so that both share the condition.
            let mut parameters = vec![tenant.0.into(), Value::Int(0), Value::Int(0), now.into()];
            let names = places(&mut parameters, part.iter().map(Value::from));
            let sql = format!(
                "SELECT c.agent FROM counts c WHERE c.tenant = $1 AND c.agent IN ({names}) AND c.state = $2 AND c.n > $3 \
                 AND NOT {}",
                busy("c")
            );
            let rows = self.query(sql, parameters).await?;
            found.extend(rows.into_iter().map(|mut row| row.agent(0)).collect::<Result<Vec<_>>>()?);
        }
        Ok(found)
    }

    /// Ends a push whose delivery stays under its lease: the next one may begin.
    pub async fn end_push(&self, tenant: TenantId, agent: &AgentName, receipt: Receipt) -> Result<()> {
        let sql = "DELETE FROM push_lanes WHERE tenant = $1 AND agent = $2 AND seq = $3 AND lease = $4";
        let lane = vec![tenant.0.into(), agent.into(), receipt.seq.into(), receipt.lease.into()];
        self.driver.queue().execute(sql, lane).await
    }

    /// Pauses pushes to an agent; a pause that is longer already stays.
    pub async fn pause_pushes(&self, tenant: TenantId, agent: &AgentName, until: Time) -> Result<()> {
        let sql = "INSERT INTO push_lanes (tenant, agent, seq, lease, until) VALUES ($1, $2, 0, 0, $3) \
                   ON CONFLICT (tenant, agent) DO UPDATE SET seq = 0, lease = 0, until = excluded.until \
                   WHERE push_lanes.seq > 0 OR push_lanes.until < excluded.until";
        self.driver.queue().execute(sql, vec![tenant.0.into(), agent.into(), until.into()]).await
    }
}
