//! The limits that the rules hold requests to. Defaults are the contract's; configuration may change them.

use crate::time::Span;

/// Limits on messages and deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Characters of a subject.
    pub subject_chars: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of the metadata as JSON.
    pub metadata_bytes: usize,
    /// Names in `to`.
    pub recipients: usize,
    /// Recipients that are written with the message; beyond, workers fan out.
    pub inline_recipients: usize,
    /// Metrics in `evidence`.
    pub evidence_entries: usize,
    /// Attachments of one message.
    pub attachments: usize,
    /// Characters of a reason, note or description.
    pub reason_chars: usize,
    /// Bytes of an idempotency key.
    pub idempotency_key_bytes: usize,
    /// The farthest that `expires_in`, `deliver_in` and a deferral reach.
    pub horizon: Span,
    /// The longest `ack_within`.
    pub ack_within_max: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            subject_chars: 200,
            body_bytes: 256 * 1024,
            metadata_bytes: 16 * 1024,
            recipients: 1_000,
            inline_recipients: 100,
            evidence_entries: 64,
            attachments: 32,
            reason_chars: 1_000,
            idempotency_key_bytes: 255,
            horizon: Span(365 * 86_400_000_000),
            ack_within_max: Span(90 * 86_400_000_000),
        }
    }
}
