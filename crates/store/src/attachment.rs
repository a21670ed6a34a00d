//! Attachments: which tenant knows which bytes, who stored them, and which messages name them.

use std::collections::HashSet;

use domain::attachment::Attachment;
use domain::{AgentName, Digest, TenantId};

use crate::message::{places, sent_or_received};
use crate::value::{Row, Value};
use crate::{Readable, Result, Store};

/// Messages that name an attachment and are looked at together.
const NAMING: i64 = 200;

/// What stands for whoever reads the whole tenant, where an agent's name would stand.
pub(crate) const WHOLE: &str = "";

/// An attachment as a message names it: of the type under which its sender stored it, where it did.
const NAMED: &str = "SELECT a.size, COALESCE((SELECT s.media_type FROM attachment_storers s WHERE s.tenant = $1 AND s.sha256 = $2 \
     AND s.agent = m.sender), a.media_type), x.name FROM attached x JOIN messages m ON m.tenant = x.tenant AND m.seq = x.seq \
     JOIN attachments a ON a.tenant = x.tenant AND a.sha256 = x.sha256 WHERE x.tenant = $1 AND x.sha256 = $2";

fn read(sha256: Digest) -> impl Fn(Row) -> Result<Attachment> {
    move |mut row| Ok(Attachment { sha256, size: row.int(0)? as u64, media_type: row.text(1)?, name: row.opt_text(2)? })
}

/// Reads an attachment from the front of a row: SHA-256, size, media type, name.
pub(crate) fn attachment(row: &mut Row) -> Result<Attachment> {
    let (sha256, size) = (row.digest(0)?, row.int(1)? as u64);
    Ok(Attachment { sha256, size, media_type: row.text(2)?, name: row.opt_text(3)? })
}

impl Store {
    /// A tenant's attachments by their content's name, after `after`.
    pub async fn attachments(&self, tenant: TenantId, after: Digest, limit: usize) -> Result<Vec<Attachment>> {
        let sql = "SELECT sha256, size, media_type, name FROM attachments WHERE tenant = $1 AND sha256 > $2 \
                   ORDER BY sha256 LIMIT $3";
        let rows = self.query(sql, vec![tenant.0.into(), after.into(), (limit as i64).into()]).await?;
        rows.into_iter().map(|mut row| attachment(&mut row)).collect()
    }

    /// An attachment, where it may be read: everything by who reads the whole tenant; by agents what one of them stored, and what
    /// a message names in whose thread one of them takes part. Under the type and name that they know it by, never under those
    /// that somebody else stored it with.
    pub async fn attachment<'a>(
        &self,
        readable: impl Into<Readable<'a>>,
        sha256: Digest,
    ) -> Result<Option<Attachment>> {
        let Readable { tenant, agents } = readable.into();
        let Some(agents) = agents else { return self.any_attachment(tenant, sha256).await };
        if agents.is_empty() {
            return Ok(None);
        }
        if let Some(own) = self.attachment_of(tenant, sha256, agents).await? {
            return Ok(Some(own));
        }
        if let Some(named) = self.named_to(tenant, sha256, agents).await? {
            return Ok(Some(named));
        }
        self.named_in_threads_of(tenant, sha256, agents).await
    }

    /// An attachment as one of these stored it; as whoever reads the whole tenant did, where there are none.
    pub async fn attachment_of(
        &self,
        tenant: TenantId,
        sha256: Digest,
        by: &[AgentName],
    ) -> Result<Option<Attachment>> {
        let mut parameters = vec![tenant.0.into(), sha256.into()];
        let names = if by.is_empty() { vec![WHOLE.into()] } else { by.iter().map(Value::from).collect() };
        let names = places(&mut parameters, names);
        let sql = format!(
            "SELECT a.size, s.media_type, s.name, s.agent FROM attachment_storers s \
             JOIN attachments a ON a.tenant = s.tenant AND a.sha256 = s.sha256 \
             WHERE s.tenant = $1 AND s.sha256 = $2 AND s.agent IN ({names})"
        );
        let rows = self.query(sql, parameters).await?;
        let found = rows.into_iter().map(|mut row| Ok((row.text(3)?, row))).collect::<Result<Vec<_>>>()?;
        let first = found.into_iter().min_by(|one, other| one.0.cmp(&other.0));
        first.map(|(_, row)| read(sha256)(row)).transpose()
    }

    async fn any_attachment(&self, tenant: TenantId, sha256: Digest) -> Result<Option<Attachment>> {
        let sql = "SELECT a.size, COALESCE(s.media_type, a.media_type), CASE WHEN s.agent IS NULL THEN a.name ELSE s.name END \
                   FROM attachments a LEFT JOIN attachment_storers s \
                   ON s.tenant = a.tenant AND s.sha256 = a.sha256 AND s.agent = '' WHERE a.tenant = $1 AND a.sha256 = $2";
        let rows = self.query(sql, vec![tenant.0.into(), sha256.into()]).await?;
        rows.into_iter().next().map(read(sha256)).transpose()
    }

    /// An attachment that a message names which one of these agents sent or received.
    async fn named_to(&self, tenant: TenantId, sha256: Digest, agents: &[AgentName]) -> Result<Option<Attachment>> {
        let mut parameters = vec![tenant.0.into(), sha256.into()];
        let names = places(&mut parameters, agents.iter().map(Value::from));
        let sql = format!("{NAMED} AND {} ORDER BY x.seq DESC LIMIT 1", sent_or_received(&names));
        self.query(sql, parameters).await?.into_iter().next().map(read(sha256)).transpose()
    }

    /// An attachment that a message names in whose thread one of these agents takes part.
    async fn named_in_threads_of(
        &self,
        tenant: TenantId,
        sha256: Digest,
        agents: &[AgentName],
    ) -> Result<Option<Attachment>> {
        let (mut after, mut tried) = (0, HashSet::new());
        loop {
            let sql = "SELECT x.seq, COALESCE(m.thread, m.id) FROM attached x \
                       JOIN messages m ON m.tenant = x.tenant AND m.seq = x.seq WHERE x.tenant = $1 AND x.sha256 = $2 \
                       AND x.seq > $3 ORDER BY x.seq LIMIT $4";
            let rows = self.query(sql, vec![tenant.0.into(), sha256.into(), after.into(), NAMING.into()]).await?;
            if rows.is_empty() {
                return Ok(None);
            }
            for mut row in rows {
                let (seq, thread) = (row.int(0)?, row.message(1)?);
                after = seq;
                if tried.insert(thread) && self.takes_part(tenant, thread, agents).await? {
                    let sql = format!("{NAMED} AND x.seq = $3");
                    let rows = self.query(sql, vec![tenant.0.into(), sha256.into(), seq.into()]).await?;
                    return rows.into_iter().next().map(read(sha256)).transpose();
                }
            }
        }
    }
}
