//! Attachments: which tenant knows which bytes.

use domain::attachment::Attachment;
use domain::{Digest, TenantId};

use crate::{Result, Store};

impl Store {
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
