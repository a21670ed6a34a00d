//! Attachments: bytes in, bytes out, and which tenant knows them.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use blobs::{Blob, Bounds};
use bytes::Bytes;
use domain::Digest;
use domain::attachment::{self, Attachment, Stored};
use domain::event::{EventKind, NewEvent};
use domain::key::Role;
use domain::refusal::Refusal;
use domain::view::{PROBLEMS_MAX, Problem, Report};
use futures_util::stream::{self, Stream, StreamExt};
use store::{Change, Fact, Readable, Record};

use crate::{Error, Inner, Result, Session};

/// Attachments that are asked for at once.
const PAGE: usize = 500;

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

    /// Opens an attachment, or a part of it, for reading. One that is read whole is compared with its SHA-256 on the way, and its
    /// last bytes are given only where they agree.
    ///
    /// Fails with `attachment-damaged` where the bytes are gone, are not as many as they were, or come in one piece and are
    /// others; what is damaged is set aside, and the next upload of the right bytes takes its place.
    pub async fn open_attachment(
        &self,
        sha256: Digest,
        range: Option<Range<u64>>,
    ) -> Result<(Attachment, impl Stream<Item = io::Result<Bytes>> + Send + use<>)> {
        let attachment = self.attachment(sha256).await?;
        let blob = self.inner.open_blob(&attachment).await?;
        let part = range.filter(|range| *range != (0..attachment.size));
        if let Some(part) = part {
            return Ok((attachment, blob.into_range(part).boxed()));
        }
        let mut bytes = blob.into_stream(sha256).boxed();
        let Some(first) = bytes.next().await else { return Ok((attachment, bytes)) };
        if let Err(error) = &first
            && blobs::is_damage(error)
        {
            return Err(self.inner.damaged(sha256).await);
        }
        let inner = Arc::clone(&self.inner);
        let rest = bytes.then(move |chunk| {
            let inner = Arc::clone(&inner);
            async move {
                if chunk.as_ref().is_err_and(blobs::is_damage) {
                    inner.damaged(sha256).await;
                }
                chunk
            }
        });
        Ok((attachment, stream::once(std::future::ready(first)).chain(rest).boxed()))
    }

    /// Reads the bytes of every attachment of the tenant, and reports which of them are damaged or gone. Beside
    /// [`Session::verify`], which compares what is known of them.
    pub async fn verify_attachments(&self) -> Result<Report> {
        let caller = self.caller().await?;
        caller.must_observe()?;
        let (mut report, mut after, mut checked) = (Report::default(), Digest::ZERO, 0);
        loop {
            let page = self.inner.store.attachments(caller.tenant, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.sha256;
            for attachment in page {
                checked += 1;
                if let Err(why) = self.inner.read_through(&attachment).await {
                    let name = attachment.name.as_deref().unwrap_or("without a name");
                    let detail = format!("attachment {} ({name}): {why}", attachment.sha256);
                    report.problems.push(Problem { seq: None, what: "attachment", detail });
                }
            }
            if report.problems.len() >= PROBLEMS_MAX {
                break;
            }
        }
        report.attachments = Some(checked);
        Ok(report)
    }
}

impl Inner {
    /// Opens the bytes of an attachment that a tenant knows.
    async fn open_blob(&self, attachment: &Attachment) -> Result<Blob> {
        match self.blobs.get(attachment.sha256).await {
            Ok(blob) if blob.size() == attachment.size => Ok(blob),
            Ok(_) | Err(blobs::Error::Missing) => Err(self.damaged(attachment.sha256).await),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads all the bytes of an attachment; fails with what is wrong with them.
    async fn read_through(&self, attachment: &Attachment) -> std::result::Result<(), String> {
        let blob = self.open_blob(attachment).await.map_err(|error| error.to_string())?;
        let mut bytes = blob.into_stream(attachment.sha256).boxed();
        while let Some(chunk) = bytes.next().await {
            if let Err(error) = chunk {
                if blobs::is_damage(&error) {
                    self.damaged(attachment.sha256).await;
                }
                return Err(error.to_string());
            }
        }
        Ok(())
    }

    /// Notes that an attachment is damaged, and sets aside what is left of it.
    async fn damaged(&self, sha256: Digest) -> Error {
        tracing::error!(attachment.sha256 = %sha256, "the bytes of an attachment are damaged or gone: set aside");
        if let Some(observer) = &self.observer {
            observer.attachment_damaged();
        }
        if let Err(error) = self.blobs.set_aside(sha256).await {
            tracing::warn!(%error, attachment.sha256 = %sha256, "the damaged attachment cannot be set aside");
        }
        Error::Blobs(blobs::Error::Damaged)
    }
}
