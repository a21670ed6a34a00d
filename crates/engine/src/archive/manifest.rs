//! What must be in an object of the archive.

use domain::{Digest, Time};
use serde::{Deserialize, Serialize};

/// The only form of the archive so far.
pub(crate) const FORMAT: u32 = 1;

/// The manifest of one segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of object and manifest.
    pub format: u32,
    /// Whose log.
    pub tenant: String,
    /// The name of the object.
    pub object: String,
    /// The position of its first event.
    pub first_seq: i64,
    /// And of its last.
    pub last_seq: i64,
    /// How many events it holds.
    pub count: i64,
    /// The hash of its first event.
    pub first_hash: Digest,
    /// And of its last.
    pub last_hash: Digest,
    /// The hash of the event before its first; zeros at the beginning of the log.
    pub previous_hash: Digest,
    /// When its first event happened, in microseconds since 1970.
    pub first_at: Time,
    /// And its last.
    pub last_at: Time,
    /// The bytes of its lines.
    pub line_bytes: u64,
    /// The bytes of the object.
    pub bytes: u64,
    /// The SHA-256 of the object.
    pub sha256: Digest,
}

impl Manifest {
    /// The name of the manifest of an object.
    pub(crate) fn name_of(object: &str) -> String {
        format!("{}{MANIFEST}", object.strip_suffix(OBJECT).unwrap_or(object))
    }
}

const OBJECT: &str = ".ndjson.zst";
const MANIFEST: &str = ".json";

/// The name of the object of a segment; such names sort by position.
pub(crate) fn object(tenant: &str, first: i64, last: i64) -> String {
    format!("{tenant}/{first:019}-{last:019}{OBJECT}")
}

/// Whether a name is that of a manifest.
pub(crate) fn is_manifest(name: &str) -> bool {
    name.ends_with(MANIFEST)
}

/// Whether a name is that of an object.
pub(crate) fn is_object(name: &str) -> bool {
    name.ends_with(OBJECT)
}
