//! The rows of agents, grants, keys, attachments and webhook secrets, compared with what the log tells; and what stands in
//! the other tables without the message or event that it belongs to.

use std::collections::BTreeMap;

use domain::recorded::{Difference, Stored};
use domain::view::PROBLEMS_MAX;
use domain::{Agent, Digest, TenantId};

use super::Check;
use crate::value::{Row, Value};
use crate::{Error, Result, Store, agent, attachment, key};

/// Attachments that are read at once.
const PAGE: i64 = 1_000;

/// Rows that belong to nothing: which sort of problem they are, how they are found, and what is said of each, with the first
/// column in place of `{}`.
const ORPHANS: [(&str, &str, &str); 3] = [
    (
        "message",
        "SELECT every.seq FROM messages every LEFT JOIN events e ON e.tenant = every.tenant AND e.seq = every.seq \
         WHERE every.tenant = $1 AND e.seq IS NULL ORDER BY every.seq LIMIT $2",
        "an index row of a message stands at {}, where no event is",
    ),
    (
        "idempotency",
        "SELECT every.key FROM idempotency every LEFT JOIN messages m ON m.tenant = every.tenant AND m.id = every.message \
         LEFT JOIN removed r ON r.tenant = every.tenant AND r.id = every.message \
         WHERE every.tenant = $1 AND m.id IS NULL AND r.id IS NULL ORDER BY every.key LIMIT $2",
        "the idempotency key `{}` names a message that was never sent",
    ),
    (
        "cursor",
        "SELECT every.name FROM tenants t JOIN cursors every ON every.tenant = t.id AND every.seq > t.seq \
         WHERE t.id = $1 LIMIT $2",
        "the reader `{}` has come further than the log",
    ),
];

impl Store {
    /// Compares the rows that hold facts with the log; each of them may just have changed, so what differs is read again after
    /// the log up to now.
    pub(super) async fn compare_rows(&self, tenant: TenantId, check: &mut Check) -> Result<()> {
        let mut found = Vec::new();
        for _ in 0..super::LOOKS {
            self.walk(tenant, check).await?;
            check.report.rows = 0;
            found = self.differing_rows(tenant, check).await?;
            found.extend(self.differing_fan_outs(tenant, check).await?);
            if found.is_empty() {
                break;
            }
        }
        if check.missing_keys > 0 {
            let left_out = "keys that the log tells of and that are not here: they open nothing";
            check.report.left_out.push(format!("{} {left_out}", check.missing_keys));
        }
        for Difference { what, detail } in found {
            check.problem(None, what, detail);
        }
        Ok(())
    }

    async fn differing_rows(&self, tenant: TenantId, check: &mut Check) -> Result<Vec<Difference>> {
        let whole = check.tells_all;
        let mut found = Vec::new();
        let stored = self.stored(tenant, &mut found).await?;
        let Stored { agents, grants, keys, secrets } = &stored;
        check.report.rows += (agents.len() + grants.len() + keys.len() + secrets.len()) as i64;
        found.extend(check.recorded.differences(&stored, whole));
        check.missing_keys = check.recorded.missing_keys(&stored);
        let mut after = Digest::ZERO;
        loop {
            let sql = "SELECT sha256, size, media_type, name, stored_at FROM attachments WHERE tenant = $1 AND sha256 > $2 \
                       ORDER BY sha256 LIMIT $3";
            let rows = self.query(sql, vec![tenant.0.into(), after.into(), PAGE.into()]).await?;
            let Some(last) = rows.last() else { break };
            after = last.peek_digest(0).unwrap_or(Digest([255; 32]));
            check.report.rows += rows.len() as i64;
            for mut row in rows {
                let read = attachment::attachment(&mut row).and_then(|attachment| Ok((attachment, row.time(4)?)));
                match read {
                    Ok((stored, at)) => found.extend(check.recorded.attachment(&stored, at, whole)),
                    Err(error) => found.push(unreadable("attachment", &after, &error)),
                }
            }
        }
        found.extend(check.recorded.missing_attachments());
        found.truncate(PROBLEMS_MAX);
        Ok(found)
    }

    /// The rows of agents, grants, keys and secrets; those that cannot be read are differences.
    async fn stored(&self, tenant: TenantId, found: &mut Vec<Difference>) -> Result<Stored> {
        let mut stored = Stored::default();
        let of_tenant = || vec![tenant.0.into()];
        let sql = "SELECT name, data FROM agents WHERE tenant = $1 ORDER BY name";
        read_each(self.query(sql, of_tenant()).await?, "agent", found, |row| {
            let agent: Agent = agent::agent(row, 1)?;
            let name = row.agent(0)?;
            if agent.name != name {
                return Err(Error::Corrupt(format!("its data are about `{}`", agent.name)));
            }
            stored.agents.push(agent);
            Ok(())
        });
        let sql = format!("{} WHERE tenant = $1 ORDER BY domain, agent", agent::GRANTS);
        read_each(self.query(sql, of_tenant()).await?, "grant", found, |row| {
            stored.grants.push(agent::grant(row)?);
            Ok(())
        });
        let sql = format!("SELECT {} FROM keys WHERE tenant = $1 ORDER BY id", key::COLUMNS);
        read_each(self.query(sql, of_tenant()).await?, "key", found, |row| {
            let row = key::key_row(row)?;
            stored.keys.push((row.key, row.hash));
            Ok(())
        });
        let sql = "SELECT agent, secret FROM webhook_secrets WHERE tenant = $1 ORDER BY agent";
        read_each(self.query(sql, of_tenant()).await?, "webhook-secret", found, |row| {
            stored.secrets.push((row.agent(0)?, row.digest(1)?.0));
            Ok(())
        });
        Ok(stored)
    }

    /// Compares how far the recipients of messages are written.
    async fn differing_fan_outs(&self, tenant: TenantId, check: &Check) -> Result<Vec<Difference>> {
        let sql =
            "SELECT m.id, m.fan_out FROM messages m WHERE m.tenant = $1 AND m.fan_out < '~' ORDER BY m.fan_out, m.seq";
        let rows = self.query(sql, vec![tenant.0.into()]).await?;
        let read = |mut row: Row| Ok((row.message(0)?, row.text(1)?));
        let stored: BTreeMap<_, _> = rows.into_iter().map(read).collect::<Result<_>>()?;
        let told: BTreeMap<_, _> = check.rebuilt.fanning_out().map(|(id, last)| (id, last.to_string())).collect();
        let differ = |id| stored.get(id) != told.get(id);
        let ids = stored.keys().chain(told.keys().filter(|id| !stored.contains_key(id)));
        let why = "log and store differ in how far its recipients are written";
        Ok(ids.filter(|id| differ(id)).map(|id| Difference::new("message", id, why)).collect())
    }

    /// Finds rows that belong to nothing.
    pub(super) async fn orphans(&self, tenant: TenantId, check: &mut Check) -> Result<()> {
        for (what, sql, detail) in ORPHANS {
            let outcome = self.query(sql, vec![tenant.0.into(), Value::Int(PROBLEMS_MAX as i64)]).await;
            let rows = check.unless_damaged(outcome)?;
            for row in rows.into_iter().flatten() {
                let which = match row.0.first() {
                    Some(Value::Int(seq)) => seq.to_string(),
                    Some(Value::Text(text)) => text.clone(),
                    _ => "?".to_owned(),
                };
                check.problem(None, what, detail.replace("{}", &which));
            }
        }
        Ok(())
    }
}

fn read_each(
    rows: Vec<Row>,
    what: &'static str,
    found: &mut Vec<Difference>,
    mut read: impl FnMut(&mut Row) -> Result<()>,
) {
    for (number, mut row) in (1..).zip(rows) {
        let name = match row.0.first() {
            Some(Value::Text(name)) => name.clone(),
            _ => format!("number {number}"),
        };
        if let Err(error) = read(&mut row) {
            found.push(unreadable(what, &name, &error));
        }
    }
}

fn unreadable(what: &'static str, row: &dyn std::fmt::Display, error: &Error) -> Difference {
    Difference::new(what, row, &format!("its row cannot be read: {error}"))
}
