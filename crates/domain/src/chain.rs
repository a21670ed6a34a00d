//! The hash chain over a tenant's event log.
//!
//! Each event's hash covers the hash before it, its own position, time and type, and the exact bytes of its data as stored,
//! so that a changed byte, a removed row or two exchanged rows break the chain at a position that can be named. The idea
//! is Haber and Stornetta's ("How to time-stamp a digital document", 1991).

use sha2::{Digest as _, Sha256};

use crate::attachment::Digest;
use crate::time::Time;

/// Computes the hash of one event: SHA-256 over `previous` (32 bytes), `seq` and `at` (microseconds; both as 8 bytes,
/// big-endian), the length of `kind` (1 byte), `kind`, and `data`.
pub fn link(previous: &Digest, seq: i64, at: Time, kind: &str, data: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    let mut head = [0_u8; 48];
    head[..32].copy_from_slice(&previous.0);
    head[32..40].copy_from_slice(&seq.to_be_bytes());
    head[40..].copy_from_slice(&at.0.to_be_bytes());
    hasher.update(head);
    hasher.update([u8::try_from(kind.len()).unwrap_or(u8::MAX)]);
    hasher.update(kind.as_bytes());
    hasher.update(data);
    Digest(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_an_event_counts() {
        let base = link(&Digest::ZERO, 1, Time(5), "coordination.message.sent", b"{}");
        assert_eq!(base, link(&Digest::ZERO, 1, Time(5), "coordination.message.sent", b"{}"));
        for other in [
            link(&base, 1, Time(5), "coordination.message.sent", b"{}"),
            link(&Digest::ZERO, 2, Time(5), "coordination.message.sent", b"{}"),
            link(&Digest::ZERO, 1, Time(6), "coordination.message.sent", b"{}"),
            link(&Digest::ZERO, 1, Time(5), "coordination.message.sen", b"t{}"),
            link(&Digest::ZERO, 1, Time(5), "coordination.message.sent", b"{ }"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn the_first_hash_is_what_any_sha256_tool_computes() {
        // printf '%064d' | xxd -r -p; then seq 1, at 0, the length 1, "a" and "{}".
        let expected = Sha256::digest([&[0_u8; 39][..], &[1], &[0; 8], &[1], b"a{}"].concat());
        assert_eq!(link(&Digest::ZERO, 1, Time(0), "a", b"{}").0[..], expected[..]);
    }
}
