//! Attachments in a bucket: `ab/abcdef…`, as in a folder.

use bytes::Bytes;
use domain::Digest;
use futures_util::Stream;
use object_store::{MultipartUpload, PutPayload};
use sha2::{Digest as _, Sha256};

use crate::bucket::{Bucket, writing};
use crate::upload::gather;
use crate::{Bounds, Error, Stored};

/// Bytes of one part: the least that S3 takes, so that an upload holds no more than twice that.
const PART_BYTES: usize = 5 << 20;
/// The most that S3 copies in one request, and so the largest attachment that it can hold here.
pub(crate) const COPY_BYTES_MAX: u64 = 5 << 30;
/// Where uploads of more than one part grow, since their names are known when all of them is.
const INCOMING: &str = "incoming";

/// Attachments in a bucket.
#[derive(Debug, Clone)]
pub struct Remote {
    bucket: Bucket,
}

impl Remote {
    pub(crate) fn new(bucket: Bucket) -> Self {
        Self { bucket }
    }

    pub(crate) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Stores what comes: up to one part under its name at once, more in parts under a name of its own that is then copied.
    pub(crate) async fn put<S, E>(&self, body: S, bounds: Bounds) -> Result<Stored, Error>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let bounds = Bounds { bytes: bounds.bytes.min(COPY_BYTES_MAX), ..bounds };
        let mut body = std::pin::pin!(body);
        let mut left = bounds.bytes;
        let first = gather(&mut body, &mut left, bounds, PART_BYTES).await?;
        let mut hash = Hash::default();
        hash.update(&first);
        let second = gather(&mut body, &mut left, bounds, PART_BYTES).await?;
        if second.is_empty() {
            return self.keep_small(first, hash).await;
        }
        let incoming = incoming_name()?;
        let mut upload = Parts::begin(self.bucket.clone(), &incoming).await?;
        let mut block = second;
        upload.send(first).await?;
        while !block.is_empty() {
            hash.update(&block);
            // One part travels while the next one is received.
            let (sent, next) = tokio::join!(upload.send(block), gather(&mut body, &mut left, bounds, PART_BYTES));
            sent?;
            block = next?;
        }
        self.keep_large(upload, hash).await
    }

    async fn keep_small(&self, bytes: Vec<Bytes>, hash: Hash) -> Result<Stored, Error> {
        let (sha256, size) = hash.finish();
        let fresh = self.bucket.find(&path(sha256)).await? != Some(size);
        // What was there may be damaged: the bytes in hand take its place.
        self.bucket.put(&path(sha256), bytes).await?;
        Ok(Stored { sha256, size, fresh })
    }

    async fn keep_large(&self, upload: Parts, hash: Hash) -> Result<Stored, Error> {
        let (sha256, size) = hash.finish();
        let fresh = self.bucket.find(&path(sha256)).await? != Some(size);
        let incoming = upload.complete().await?;
        let copied = self.bucket.copy(&incoming, &path(sha256)).await;
        if let Err(error) = self.bucket.remove(&incoming).await {
            tracing::warn!(%error, object = incoming, "an upload is stored and its first copy stays behind");
        }
        copied.map(|()| Stored { sha256, size, fresh })
    }
}

/// The name of a blob.
pub(crate) fn path(sha256: Digest) -> String {
    let name = sha256.to_string();
    format!("{}/{name}", &name[..2])
}

/// A name that no other upload has.
fn incoming_name() -> Result<String, Error> {
    // The name of a file that tempfile would make: chance without a door of its own.
    let drawn = tempfile::Builder::new().prefix("upload-").rand_bytes(24).make(|path| Ok(path.to_owned()));
    let drawn = drawn.map_err(Error::Io)?;
    let name = drawn.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(format!("{INCOMING}/{name}"))
}

/// SHA-256 and size of what went by.
#[derive(Default)]
struct Hash {
    sha256: Sha256,
    size: u64,
}

impl Hash {
    fn update(&mut self, block: &[Bytes]) {
        for chunk in block {
            self.sha256.update(chunk);
            self.size += chunk.len() as u64;
        }
    }

    fn finish(self) -> (Digest, u64) {
        (Digest(self.sha256.finalize().into()), self.size)
    }
}

/// An upload in parts. What is not completed is aborted; should the process die, the bucket's rule for incomplete uploads
/// removes it.
struct Parts {
    upload: Option<Box<dyn MultipartUpload>>,
    name: String,
}

impl Parts {
    async fn begin(bucket: Bucket, name: &str) -> Result<Self, Error> {
        Ok(Self { upload: Some(bucket.begin(name).await?), name: name.to_owned() })
    }

    async fn send(&mut self, block: Vec<Bytes>) -> Result<(), Error> {
        let payload: PutPayload = block.into_iter().collect();
        match &mut self.upload {
            Some(upload) => upload.put_part(payload).await.map_err(writing),
            None => Ok(()),
        }
    }

    async fn complete(mut self) -> Result<String, Error> {
        if let Some(mut upload) = self.upload.take() {
            upload.complete().await.map_err(writing)?;
        }
        Ok(std::mem::take(&mut self.name))
    }
}

async fn abort(upload: &mut Box<dyn MultipartUpload>, name: &str) {
    if let Err(error) = upload.abort().await {
        tracing::warn!(%error, object = name, "an upload was broken off and its parts stay behind");
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let (Some(mut upload), Ok(runtime)) = (self.upload.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let name = std::mem::take(&mut self.name);
        // The sender has gone: nobody waits for this, and it is bounded by the client's timeouts.
        drop(runtime.spawn(async move { abort(&mut upload, &name).await }));
    }
}
