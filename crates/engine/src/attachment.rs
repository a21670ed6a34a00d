//! Attachments: bytes in, bytes out, and which tenant knows them.

use std::io;
use std::ops::Range;

use blobs::Bounds;
use bytes::Bytes;
use domain::Digest;
use domain::attachment::{self, Attachment, Stored};
use domain::event::{EventKind, NewEvent};
use domain::key::Role;
use domain::refusal::Refusal;
use futures_util::Stream;
use store::{Change, Fact, Readable, Record};

use crate::{Result, Session};

/// What goes wrong with the sender of an upload.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Session {
    /// Stores an attachment as it streams in; answers whether the caller had not stored it before. Whether others have, and what
    /// they call it, is not told.
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
        let by = caller.readable().unwrap_or_default();
        if let Some(own) = self.inner.store.attachment_of(caller.tenant, stored.sha256, by).await? {
            return Ok((own, false));
        }
        let attachment = Attachment { sha256: stored.sha256, size: stored.size, media_type, name };
        let now = self.now();
        let stored = Stored { attachment, by: by.to_vec() };
        let mut event = NewEvent::of(EventKind::AttachmentStored, now, &stored);
        if let [only] = by {
            event = event.about(only);
        }
        let attachment = stored.attachment.clone();
        let command = Record { events: vec![event], facts: vec![Fact::Attachment(stored)] };
        self.inner.store.commit(Change { tenant: caller.tenant, now, version: None, command }).await?;
        self.notify_log(caller.tenant);
        Ok((attachment, true))
    }

    /// What is known of an attachment; one that the caller may not read is not there. It may read what it stored, what a message
    /// names that it may read, and everything where it reads the whole tenant.
    pub async fn attachment(&self, sha256: Digest) -> Result<Attachment> {
        let caller = self.caller().await?;
        let known = self.inner.store.attachment(Readable::by(caller), sha256).await?;
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
