//! Packing events into an object, and reading one back.

use std::io::{BufRead, BufReader, Write};

use domain::event::Event;
use domain::{Digest, Time};
use sha2::Digest as _;

use super::line;
use super::manifest::{FORMAT, Manifest};

/// zstd's own default: beyond it, time grows faster than space shrinks.
const LEVEL: i32 = 3;
/// Bytes of one line at most, so that a broken object cannot fill the memory: a body of 16 MiB escapes to six times that.
const LINE_BYTES_MAX: u64 = 256 << 20;

/// An object that grows.
pub(crate) struct Pack {
    encoder: zstd::stream::write::Encoder<'static, Vec<u8>>,
    /// The hash of the last event.
    hash: Digest,
    first: Option<(Digest, Time)>,
    previous: Digest,
    last_at: Time,
    last: i64,
    begin: i64,
    line_bytes: u64,
}

impl Pack {
    /// Begins behind the event at `after`, whose hash is `previous`.
    pub(crate) fn begin(after: i64, previous: Digest) -> Result<Self, String> {
        let broken = |error: std::io::Error| error.to_string();
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), LEVEL).map_err(broken)?;
        encoder.include_checksum(true).map_err(broken)?;
        Ok(Self {
            encoder,
            hash: previous,
            first: None,
            previous,
            last_at: Time(0),
            last: after,
            begin: after + 1,
            line_bytes: 0,
        })
    }

    /// Adds the next event. Fails where it does not follow: a log that is broken is not archived as if it were whole.
    pub(crate) fn add(&mut self, event: &Event) -> Result<(), String> {
        let line = line::write(event)?;
        line::read(&line, self.last + 1, self.hash)?;
        self.encoder.write_all(&line).map_err(|error| error.to_string())?;
        self.first.get_or_insert((event.hash, event.at));
        (self.hash, self.last, self.last_at) = (event.hash, event.seq, event.at);
        self.line_bytes += line.len() as u64;
        Ok(())
    }

    /// The position of the last event.
    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    /// The object, and its manifest.
    pub(crate) fn finish(self, tenant: &str, object: &str) -> Result<(Vec<u8>, Manifest), String> {
        let (first_hash, first_at) = self.first.ok_or("a segment without an event")?;
        let bytes = self.encoder.finish().map_err(|error| error.to_string())?;
        let manifest = Manifest {
            format: FORMAT,
            tenant: tenant.to_owned(),
            object: object.to_owned(),
            first_seq: self.begin,
            last_seq: self.last,
            count: self.last - self.begin + 1,
            first_hash,
            last_hash: self.hash,
            previous_hash: self.previous,
            first_at,
            last_at: self.last_at,
            line_bytes: self.line_bytes,
            bytes: bytes.len() as u64,
            sha256: Digest(sha2::Sha256::digest(&bytes).into()),
        };
        Ok((bytes, manifest))
    }
}

/// Reads an object back and hands every event to `each`. Fails with what is wrong first: its bytes, or an event of it.
pub(crate) fn unpack(bytes: &[u8], manifest: &Manifest, mut each: impl FnMut(Event)) -> Result<(), String> {
    let sha256 = Digest(sha2::Sha256::digest(bytes).into());
    if sha256 != manifest.sha256 {
        return Err(format!("has the SHA-256 {sha256}, its manifest says {}", manifest.sha256));
    }
    let broken = |error: std::io::Error| format!("cannot be read: {error}");
    let decoder = zstd::stream::read::Decoder::new(bytes).map_err(broken)?;
    let mut lines = BufReader::new(decoder);
    let (mut seq, mut hash) = (manifest.first_seq - 1, manifest.previous_hash);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut lines, LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(broken)?;
        if read == 0 {
            break;
        }
        let event = line::read(&line, seq + 1, hash)?;
        (seq, hash) = (event.seq, event.hash);
        each(event);
    }
    if (seq, hash) != (manifest.last_seq, manifest.last_hash) {
        return Err(format!("ends with event {seq}, its manifest says {} with another hash", manifest.last_seq));
    }
    Ok(())
}
