//! Attachments: which tenant knows which bytes.

use domain::attachment::Attachment;
use domain::{Digest, TenantId};

use crate::{Result, Store};

impl Store {
    /// A tenant's attachments by their content's name, after `after`.
    pub async fn attachments(&self, tenant: TenantId, after: Digest, limit: usize) -> Result<Vec<Attachment>> {
        let sql = "SELECT sha256, size, media_type, name FROM attachments WHERE tenant = $1 AND sha256 > $2 \
                   ORDER BY sha256 LIMIT $3";
        let rows = self.query(sql, vec![tenant.0.into(), after.into(), (limit as i64).into()]).await?;
        let read = |mut row: crate::value::Row| {
            let (sha256, size) = (row.digest(0)?, row.int(1)? as u64);
            Ok(Attachment { sha256, size, media_type: row.text(2)?, name: row.opt_text(3)? })
        };
        rows.into_iter().map(read).collect()
    }

    /// What a tenant knows of an attachment.
    pub async fn attachment(&self, tenant: TenantId, sha256: Digest) -> Result<Option<Attachment>> {
        let sql = "SELECT size, media_type, name FROM attachments WHERE tenant = $1 AND sha256 = $2";
        let rows = self.query(sql, vec![tenant.0.into(), sha256.into()]).await?;
        let read = |mut row: crate::value::Row| {
            Ok(Attachment { sha256, size: row.int(0)? as u64, media_type: row.text(1)?, name: row.opt_text(2)? })
        };
        rows.into_iter().next().map(read).transpose()
    }
}
