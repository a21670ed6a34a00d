use std::io::{self, Write};
use std::path::Path;

use bytes::Bytes;
use domain::Digest;
use futures_util::{Stream, StreamExt};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::error::writing;
use crate::folder::blocking;
use crate::{Bounds, Error};

/// Bytes gathered before the disk is given work: large enough that 1 GiB is 2,048 hand-overs.
const BLOCK_BYTES: usize = 512 << 10;

/// A file that grows under a temporary name. Dropping it removes it.
pub(crate) struct Upload {
    file: NamedTempFile,
    hash: Sha256,
    size: u64,
}

impl Upload {
    pub(crate) fn begin(incoming: &Path) -> io::Result<Self> {
        loop {
            let file = tempfile::Builder::new().prefix("upload-").tempfile_in(incoming)?;
            // On a mounted folder without locks nobody else can take one either, and so none is swept away.
            let locked = file.as_file().lock();
            if locked.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Unsupported) {
                locked?;
            }
            // Another process that starts just now may have swept it away before it was locked.
            if file.path().exists() {
                return Ok(Self { file, hash: Sha256::new(), size: 0 });
            }
        }
    }

    fn write(mut self, block: &[Bytes]) -> io::Result<Self> {
        for chunk in block {
            self.hash.update(chunk);
            self.file.write_all(chunk)?;
            self.size += chunk.len() as u64;
        }
        Ok(self)
    }

    /// Flushes the bytes to disk.
    pub(crate) fn finish(self) -> io::Result<(NamedTempFile, Digest, u64)> {
        self.file.as_file().sync_data()?;
        Ok((self.file, Digest(self.hash.finalize().into()), self.size))
    }
}

/// Writes `body` into `upload`. One block is hashed and written while the next one is received, and no thread is held
/// while the sender is slow.
pub(crate) async fn receive<S, E>(mut upload: Upload, body: S, bounds: Bounds) -> Result<Upload, Error>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut body = std::pin::pin!(body);
    let mut left = bounds.bytes;
    let mut block = gather(&mut body, &mut left, bounds, BLOCK_BYTES).await?;
    while !block.is_empty() {
        let write = blocking(move || upload.write(&block).map_err(writing));
        let (written, next) = tokio::join!(write, gather(&mut body, &mut left, bounds, BLOCK_BYTES));
        upload = written?;
        block = next?;
    }
    Ok(upload)
}

/// Receives the next block, of so many bytes at least where more follows; an empty one is the end.
pub(crate) async fn gather<S, E>(
    body: &mut S,
    left: &mut u64,
    bounds: Bounds,
    bytes: usize,
) -> Result<Vec<Bytes>, Error>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut block = Vec::new();
    let mut gathered = 0;
    while gathered < bytes {
        let next = tokio::time::timeout(bounds.idle, body.next()).await;
        let Some(chunk) = next.map_err(|_| Error::Idle(bounds.idle))? else { break };
        let chunk = chunk.map_err(|error| Error::Interrupted(error.into()))?;
        *left = left.checked_sub(chunk.len() as u64).ok_or(Error::TooLarge(bounds.bytes))?;
        gathered += chunk.len();
        if !chunk.is_empty() {
            block.push(chunk);
        }
    }
    Ok(block)
}
