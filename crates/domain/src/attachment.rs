//! Attachments: bytes known by their SHA-256.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::agent::AgentName;
use crate::refusal::{Code, Refusal};
use crate::text;

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// All zeros: what stands before the first event of a log.
    pub const ZERO: Self = Self([0; 32]);
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 64];
        hex::encode_to_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| "a SHA-256 is 64 hexadecimal digits")?;
        Ok(Self(digest))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An attachment as a message names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// What it holds.
    pub sha256: Digest,
    /// What the sender calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A stored attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it holds.
    pub sha256: Digest,
    /// Bytes.
    pub size: u64,
    /// Its media type, as its uploader gave it.
    pub media_type: String,
    /// The name its uploader gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An attachment that was stored, and who stored it: the data of `attachment.stored`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// What was stored, as it was called then.
    #[serde(flatten)]
    pub attachment: Attachment,
    /// The agents that the key speaks for which stored it; none: it reads the whole tenant, or nobody noted it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<AgentName>,
}

/// Bytes of an attachment's name.
const NAME_BYTES_MAX: usize = 255;
/// Bytes of a media type.
const MEDIA_TYPE_BYTES_MAX: usize = 255;

/// What is wrong with the name of an attachment.
pub fn name_fault(name: &str) -> Option<&'static str> {
    if text::has_nul(name) {
        return Some(text::NUL);
    }
    (name.len() > NAME_BYTES_MAX).then_some("a name may have 255 bytes")
}

/// Fails with `invalid-field`, which names the header, where a media type or a name is none: `type/subtype` and parameters, to
/// 255 printable ASCII characters; a name to 255 bytes without NUL.
pub fn check(media_type: &str, name: Option<&str>) -> Result<(), Refusal> {
    let essence = media_type.split(';').next().and_then(|essence| essence.split_once('/'));
    let is_printable = media_type.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let is_named = essence.is_some_and(|(kind, sub)| !kind.trim().is_empty() && !sub.trim().is_empty());
    if media_type.len() > MEDIA_TYPE_BYTES_MAX || !is_printable || !is_named {
        let why = "must be a media type such as text/html, to 255 printable ASCII characters";
        return Err(Refusal::field(Code::InvalidField, "Content-Type", why));
    }
    match name.and_then(name_fault) {
        Some(why) => Err(Refusal::field(Code::InvalidField, "Content-Disposition", why)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = Digest(std::array::from_fn(|i| (i * 7) as u8));
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("xyz".parse::<Digest>().is_err());
        assert!("g".repeat(64).parse::<Digest>().is_err());
    }
}
