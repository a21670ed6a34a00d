//! Decisions, as they are read.

use domain::decision::{Decision, DecisionState};
use domain::message::MessageId;
use domain::{AgentName, TenantId, Time};

use crate::message::{StoredMessage, places};
use crate::value::{Row, Value};
use crate::{Error, Result, Store};

/// The cursor up to which requests were sent before decisions had rows of their own.
pub(crate) const ADOPT_UNTIL: &str = "decisions until";
/// The cursor up to which those requests have their rows.
pub(crate) const ADOPTED: &str = "decisions";

/// Which decisions are wanted; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Asked of this agent.
    pub asked_of: Option<AgentName>,
    /// Asked by this agent.
    pub asked_by: Option<AgentName>,
    /// In this domain.
    pub domain: Option<String>,
}

/// A decision that has something due by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionDue {
    /// Whose world.
    pub tenant: TenantId,
    /// The message that asked.
    pub message: MessageId,
}

pub(crate) fn decision(data: &str) -> Result<Decision> {
    serde_json::from_str(data).map_err(|error| Error::Corrupt(format!("a decision cannot be read: {error}")))
}

impl Store {
    /// The decision that a message opened.
    pub async fn decision(&self, tenant: TenantId, message: MessageId) -> Result<Option<Decision>> {
        let sql = "SELECT c.data FROM decisions c WHERE c.tenant = $1 AND c.message = $2";
        let rows = self.query(sql, vec![tenant.0.into(), message.into()]).await?;
        rows.into_iter().next().map(|mut row| decision(&row.text(0)?)).transpose()
    }

    /// The decisions of these messages, as far as they opened any; in no order.
    pub async fn decisions_of(&self, tenant: TenantId, messages: &[MessageId]) -> Result<Vec<Decision>> {
        let mut found = Vec::new();
        for part in messages.chunks(200) {
            let mut parameters = vec![tenant.0.into()];
            let ids = places(&mut parameters, part.iter().map(|id| Value::from(*id)));
            let sql = format!("SELECT c.data FROM decisions c WHERE c.tenant = $1 AND c.message IN ({ids})");
            for mut row in self.query(sql, parameters).await? {
                found.push(decision(&row.text(0)?)?);
            }
        }
        Ok(found)
    }

    /// Decisions in one state that meet a filter, by their place and message; after a place and message.
    pub async fn decisions(
        &self,
        tenant: TenantId,
        filter: &DecisionFilter,
        state: DecisionState,
        after: (i64, MessageId),
        limit: usize,
    ) -> Result<Vec<Decision>> {
        let mut parameters = vec![tenant.0.into(), state.code().into(), after.0.into(), after.1.into()];
        parameters.push(Value::Int(limit as i64));
        let mut one = |value: Value| places(&mut parameters, [value]);
        let DecisionFilter { asked_of, asked_by, domain } = filter;
        // The narrowest index is read along, and it alone gives the order.
        let (from, key) = match (asked_of, asked_by, domain) {
            (Some(agent), ..) => {
                let agent = one(agent.into());
                let from = "decision_asked x CROSS JOIN decisions c WHERE c.tenant = $1 AND c.message = x.message AND ";
                (format!("{from}x.tenant = $1 AND x.agent = {agent}"), "x")
            }
            (None, Some(agent), _) => {
                (format!("decisions c WHERE c.tenant = $1 AND c.asker = {}", one(agent.into())), "c")
            }
            (None, None, Some(domain)) => {
                let domain = one(domain.as_str().into());
                (format!("decisions c WHERE c.tenant = $1 AND c.domain = {domain} AND c.domain IS NOT NULL"), "c")
            }
            (None, None, None) => ("decisions c WHERE c.tenant = $1".to_owned(), "c"),
        };
        let mut sql =
            format!("SELECT c.data FROM {from} AND {key}.state = $2 AND ({key}.place, {key}.message) > ($3, $4)");
        if let (Some(_), Some(agent)) = (asked_of, asked_by) {
            sql.push_str(&format!(" AND c.asker = {}", one(agent.into())));
        }
        if let (true, Some(domain)) = (asked_of.is_some() || asked_by.is_some(), domain) {
            sql.push_str(&format!(" AND c.domain = {}", one(domain.as_str().into())));
        }
        sql.push_str(&format!(" ORDER BY {key}.place, {key}.message LIMIT $5"));
        let rows = self.query(sql, parameters).await?;
        rows.into_iter().map(|mut row| decision(&row.text(0)?)).collect()
    }

    /// Decisions whose time has passed and that nobody has made, in every tenant.
    pub async fn decisions_due(&self, now: Time, limit: usize) -> Result<Vec<DecisionDue>> {
        let sql = "SELECT c.tenant, c.message FROM tenants t CROSS JOIN decisions c \
                   WHERE c.tenant = t.id AND c.state = 0 AND c.place <= $1 LIMIT $2";
        let rows = self.query(sql, vec![now.into(), Value::Int(limit as i64)]).await?;
        let read = |mut row: Row| Ok(DecisionDue { tenant: TenantId(row.int(0)?), message: row.message(1)? });
        rows.into_iter().map(read).collect()
    }

    /// Tenants with requests from before decisions had rows of their own: tenant, up to where they have them, and from where on
    /// they had them from the start.
    pub async fn adoptable(&self) -> Result<Vec<(TenantId, i64, i64)>> {
        let sql = "SELECT id, after, until FROM (SELECT t.id AS id, \
                   COALESCE((SELECT a.seq FROM cursors a WHERE a.tenant = t.id AND a.name = $2), 0) AS after, \
                   (SELECT u.seq FROM cursors u WHERE u.tenant = t.id AND u.name = $1) AS until FROM tenants t) x \
                   WHERE until > after ORDER BY id";
        let rows = self.query(sql, vec![ADOPT_UNTIL.into(), ADOPTED.into()]).await?;
        rows.into_iter().map(|mut row| Ok((TenantId(row.int(0)?), row.int(1)?, row.int(2)?))).collect()
    }

    /// The next requests and proposals after a position, up to another one.
    pub async fn asking(
        &self,
        tenant: TenantId,
        (after, until): (i64, i64),
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        let sql = "SELECT m.seq, m.fan_out, e.data FROM messages m JOIN events e ON e.tenant = m.tenant AND e.seq = m.seq \
                   WHERE m.tenant = $1 AND m.kind = $2 AND m.kind <> 0 AND m.seq > $3 AND m.seq <= $4 \
                   ORDER BY m.seq LIMIT $5";
        let mut found = Vec::new();
        for kind in domain::message::Kind::ALL.iter().filter(|kind| kind.asks()) {
            let mut parameters = vec![tenant.0.into()];
            parameters.extend([kind.code(), after, until, limit as i64].map(Value::Int));
            let rows = self.query(sql, parameters).await?;
            let stored: Result<Vec<_>> = rows.into_iter().map(crate::message::stored).collect();
            found.extend(stored?);
        }
        found.sort_by_key(|stored| stored.seq);
        found.truncate(limit);
        Ok(found)
    }
}
