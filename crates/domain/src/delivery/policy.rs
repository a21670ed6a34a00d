//! How often a delivery is tried, and how long each time.

use crate::time::Span;

/// Leases, attempts and the pauses between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPolicy {
    /// The lease of a receive that names none.
    pub lease: Span,
    /// The longest lease.
    pub lease_max: Span,
    /// Leases after which a delivery is dead.
    pub max_attempts: i64,
    /// The pause after the nth attempt that was given back without a delay of its own; the last one repeats, none is no pause.
    pub backoff: Vec<Span>,
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self {
            lease: Span::from_secs(60),
            lease_max: Span::from_secs(12 * 3_600),
            max_attempts: 5,
            backoff: Vec::new(),
        }
    }
}

impl DeliveryPolicy {
    /// The pause after this attempt; none: it is pending again at once.
    pub(super) fn pause(&self, attempt: i64) -> Option<Span> {
        let nth = usize::try_from(attempt - 1).unwrap_or(0).min(self.backoff.len().saturating_sub(1));
        self.backoff.get(nth).copied()
    }
}
