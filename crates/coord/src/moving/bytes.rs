//! The attachments' bytes, out of one place and into another.

use std::fs;
use std::path::Path;
use std::time::Duration;

use blobs::{Blobs, Bounds};
use domain::attachment::Attachment;
use domain::{Digest, TenantId};
use futures_util::TryStreamExt;
use store::Store;
use tokio_util::io::ReaderStream;

use super::files::Draft;
use super::progress::Progress;
use super::{Error, Place};

/// The folder of the bytes in an export.
pub(super) const FOLDER: &str = "attachments";
/// Attachments that are listed at a time.
const PAGE: usize = 256;
/// How long a disk may give nothing.
const IDLE: Duration = Duration::from_secs(600);

/// Calls `each` with every attachment of a tenant; answers how many there are.
async fn every(
    store: &Store,
    tenant: TenantId,
    mut each: impl AsyncFnMut(Attachment) -> Result<(), Error>,
) -> Result<u64, Error> {
    let (mut after, mut count) = (Digest::ZERO, 0);
    loop {
        let page = store.attachments(tenant, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(count) };
        after = last.sha256;
        for attachment in page {
            each(attachment).await?;
            count += 1;
        }
    }
}

/// Writes every attachment that is not in the folder yet; answers how many there are.
pub(super) async fn export(place: &Place, tenant: TenantId, folder: &Path) -> Result<u64, Error> {
    let progress = Progress::of("attachments", every(&place.store, tenant, async |_| Ok(())).await?, 0);
    every(&place.store, tenant, async |attachment| {
        write(&place.blobs, &attachment, folder).await?;
        progress.more();
        Ok(())
    })
    .await
}

async fn write(blobs: &Blobs, attachment: &Attachment, folder: &Path) -> Result<(), Error> {
    let path = folder.join(FOLDER).join(attachment.sha256.to_string());
    if fs::metadata(&path).is_ok_and(|found| found.len() == attachment.size) {
        return Ok(());
    }
    let blob = match blobs.get(attachment.sha256).await {
        Err(blobs::Error::Missing) => {
            return Err(Error::Refused(format!(
                "attachment {} is known and its bytes are not here",
                attachment.sha256
            )));
        }
        found => found?,
    };
    let mut draft = Draft::begin(&path)?;
    let all = 0..blob.size();
    let mut stream = std::pin::pin!(blob.into_range(all));
    while let Some(part) = stream.try_next().await.map_err(Error::io(&path))? {
        draft.write(&part)?;
    }
    if draft.sha256() != attachment.sha256 {
        return Err(Error::Refused(format!(
            "the bytes of attachment {} are not what its name says",
            attachment.sha256
        )));
    }
    draft.finish().map(drop)
}

/// Brings in the bytes of every attachment that the tenant knows and this place has not.
pub(super) async fn import(place: &Place, tenant: TenantId, folder: &Path, all: u64) -> Result<(), Error> {
    let progress = Progress::of("attachments", all, 0);
    let each = async |attachment: Attachment| {
        if !place.blobs.exists(attachment.sha256).await? {
            read(&place.blobs, &attachment, folder).await?;
        }
        progress.more();
        Ok(())
    };
    every(&place.store, tenant, each).await.map(drop)
}

async fn read(blobs: &Blobs, attachment: &Attachment, folder: &Path) -> Result<(), Error> {
    let path = folder.join(FOLDER).join(attachment.sha256.to_string());
    let damaged = |why: String| Error::Damaged { file: path.display().to_string(), why };
    let file = tokio::fs::File::open(&path).await.map_err(|error| damaged(error.to_string()))?;
    let bounds = Bounds { bytes: attachment.size, idle: IDLE };
    let stored = match blobs.put(ReaderStream::new(file), bounds).await {
        Err(blobs::Error::TooLarge(_)) => return Err(damaged(format!("it is longer than {} bytes", attachment.size))),
        stored => stored?,
    };
    if stored.sha256 == attachment.sha256 {
        return Ok(());
    }
    if stored.fresh {
        blobs.delete(stored.sha256).await?;
    }
    Err(damaged(format!("its SHA-256 is {}", stored.sha256)))
}
