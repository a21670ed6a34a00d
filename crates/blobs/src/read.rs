use std::fs::File;
use std::io::{self, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, future};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// Bytes read from disk at a time.
const CHUNK_BYTES: usize = 128 << 10;

/// A stored blob, open for reading. Removing it meanwhile does not disturb the reader.
#[derive(Debug)]
pub struct Blob {
    file: File,
    size: u64,
}

impl Blob {
    pub(crate) fn new(file: File, size: u64) -> Self {
        Self { file, size }
    }

    /// Bytes in all.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads all of it, in chunks of at most 128 KiB.
    pub fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let all = 0..self.size;
        self.into_range(all)
    }

    /// Reads the bytes of `range`, cut to the size of the blob, in chunks of at most 128 KiB.
    pub fn into_range(self, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let length = range.end.min(self.size).saturating_sub(range.start);
        let start = async move {
            let mut file = tokio::fs::File::from_std(self.file);
            file.seek(SeekFrom::Start(range.start)).await?;
            io::Result::Ok(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES))
        };
        futures_util::stream::once(start).try_flatten().try_filter(|chunk| future::ready(!chunk.is_empty()))
    }
}
