//! Attachments: which tenant knows which bytes.

use domain::attachment::Attachment;
use domain::{Digest, TenantId};

use crate::value::Row;
use crate::{Result, Store};

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

    /// What a tenant knows of an attachment.
    pub async fn attachment(&self, tenant: TenantId, sha256: Digest) -> Result<Option<Attachment>> {
        let sql = "SELECT sha256, size, media_type, name FROM attachments WHERE tenant = $1 AND sha256 = $2";
        let rows = self.query(sql, vec![tenant.0.into(), sha256.into()]).await?;
        rows.into_iter().next().map(|mut row| attachment(&mut row)).transpose()
    }
}
