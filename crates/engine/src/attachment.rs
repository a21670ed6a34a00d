//! Attachments: bytes in, bytes out, and which tenant knows them.

use std::io;
use std::ops::Range;

use blobs::Bounds;
use bytes::Bytes;
use domain::Digest;
use domain::attachment::{self, Attachment};
use domain::event::{EventKind, NewEvent};
use domain::key::Role;
use domain::refusal::Refusal;
use futures_util::Stream;
use store::{Change, Fact, Record};

use crate::{Result, Session};

/// What goes wrong with the sender of an upload.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Session {
    /// Stores an attachment as it streams in; answers whether the tenant did not have it before.
    pub async fn store_attachment(
        &self,
        media_type: String,
        name: Option<String>,
        body: impl Stream<Item = std::result::Result<Bytes, BoxError>> + Send,
    ) -> Result<(Attachment, bool)> {
        let caller = self.caller().await?;
        if caller.role == Role::Observer {
            caller.must_administer()?;
        }
        attachment::check(&media_type, name.as_deref())?;
        let limits = &self.config().limits;
        let bounds = Bounds { bytes: limits.attachment_bytes.0, idle: limits.upload_idle.to_std() };
        let stored = self.inner.blobs.put(body, bounds).await?;
        if let Some(known) = self.inner.store.attachment(caller.tenant, stored.sha256).await? {
            return Ok((known, false));
        }
        let attachment = Attachment { sha256: stored.sha256, size: stored.size, media_type, name };
        let now = self.now();
        let events = vec![NewEvent::of(EventKind::AttachmentStored, now, &attachment)];
        let command = Record { events, facts: vec![Fact::Attachment(attachment.clone())] };
        self.inner.store.commit(Change { tenant: caller.tenant, now, version: None, command }).await?;
        self.notify_log(caller.tenant);
        Ok((attachment, true))
    }

    /// What is known of an attachment; another tenant's is not there.
    pub async fn attachment(&self, sha256: Digest) -> Result<Attachment> {
        let caller = self.caller().await?;
        let known = self.inner.store.attachment(caller.tenant, sha256).await?;
        Ok(known.ok_or_else(|| Refusal::not_found("attachment", &sha256))?)
    }

    /// Opens an attachment, or a part of it, for reading.
    pub async fn open_attachment(
        &self,
        sha256: Digest,
        range: Option<Range<u64>>,
    ) -> Result<(Attachment, impl Stream<Item = io::Result<Bytes>> + Send + 'static)> {
        let attachment = self.attachment(sha256).await?;
        let blob = self.inner.blobs.get(sha256).await?;
        let range = range.unwrap_or(0..blob.size());
        Ok((attachment, blob.into_range(range)))
    }
}
