//! Idempotency keys: under one, the same request is sent once.

use crate::attachment::Digest;
use crate::limits::Limits;
use crate::refusal::{Code, Refusal};

/// An idempotency key as it was given, and the digest of the request that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key.
    pub key: String,
    /// Where it was given, as in `Idempotency-Key`; refusals name it.
    pub field: &'static str,
    /// The SHA-256 of the request.
    pub fingerprint: Digest,
}

impl IdempotencyKey {
    /// Fails with `invalid-field` unless the key is 1 to `limits.idempotency_key_bytes` visible ASCII characters.
    pub fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        let max = limits.idempotency_key_bytes;
        if (1..=max).contains(&self.key.len()) && self.key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(());
        }
        Err(Refusal::field(Code::InvalidField, self.field, format!("must be 1 to {max} visible ASCII characters")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_within_its_limit() {
        let limits = Limits::default();
        let check =
            |key: String| IdempotencyKey { key, field: "idempotency_key", fingerprint: Digest::ZERO }.check(&limits);
        for bad in [String::new(), "two words".to_owned(), "caf\u{e9}".to_owned(), "x".repeat(256)] {
            assert_eq!(check(bad.clone()).unwrap_err().errors[0].field, "idempotency_key", "{bad}");
        }
        assert!(check("x".repeat(255)).is_ok());
    }
}
