use std::fs::File;
use std::io::{self, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use domain::Digest;
use futures_util::stream::{BoxStream, StreamExt};
use futures_util::{Stream, TryStreamExt, future, stream};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::Error;
use crate::bucket::Bucket;
use crate::checked::Checked;

/// Bytes read from disk at a time.
const CHUNK_BYTES: usize = 128 << 10;
/// Bytes read from a bucket in one request: each is bounded in time and tried again by itself, however slow the reader is.
const PART_BYTES: u64 = 4 << 20;
/// Requests that are under way for one reader: the next part comes while the one before is taken.
const PARTS_AHEAD: usize = 2;

/// A stored blob, open for reading. Removing it from a folder meanwhile does not disturb the reader.
#[derive(Debug)]
pub struct Blob {
    source: Source,
    size: u64,
}

#[derive(Debug)]
enum Source {
    File(File),
    Object(Bucket, String),
}

impl Blob {
    pub(crate) fn file(file: File, size: u64) -> Self {
        Self { source: Source::File(file), size }
    }

    pub(crate) fn remote(bucket: Bucket, name: String, size: u64) -> Self {
        Self { source: Source::Object(bucket, name), size }
    }

    /// Bytes in all.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads all of it, in chunks of at most 4 MiB, and fails before the last of them where the bytes are not those that have
    /// this name; [`is_damage`](crate::is_damage) tells such an error from others.
    pub fn into_stream(self, sha256: Digest) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let all = 0..self.size;
        Checked::new(self.into_range(all).boxed(), sha256)
    }

    /// Reads the bytes of `range`, cut to the size of the blob, in chunks of at most 4 MiB.
    pub fn into_range(self, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let range = range.start..range.end.min(self.size);
        match self.source {
            Source::File(file) => from_file(file, range),
            Source::Object(bucket, name) => from_bucket(bucket, name, range),
        }
    }
}

fn from_file(file: File, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
    let length = range.end.saturating_sub(range.start);
    let start = async move {
        let mut file = tokio::fs::File::from_std(file);
        file.seek(SeekFrom::Start(range.start)).await?;
        io::Result::Ok(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES))
    };
    stream::once(start).try_flatten().try_filter(|chunk| future::ready(!chunk.is_empty())).boxed()
}

fn from_bucket(bucket: Bucket, name: String, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
    let end = range.end;
    let parts = range.step_by(PART_BYTES as usize).map(move |start| start..(start + PART_BYTES).min(end));
    let read = move |part: Range<u64>| {
        let (bucket, name) = (bucket.clone(), name.clone());
        async move { bucket.read(&name, part).await.map_err(broken) }
    };
    stream::iter(parts).map(read).buffered(PARTS_AHEAD).boxed()
}

fn broken(error: Error) -> io::Error {
    match error {
        Error::Unavailable(error) | Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
