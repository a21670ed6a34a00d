use domain::Span;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::fault::ConfigErrors;

/// Leases, attempts and the pauses between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryConfig {
    /// How long a receiver holds a delivery when it does not say; 1s to `lease_max`.
    pub lease: Span,
    /// The longest lease that may be asked for, by receive or extend; 1s to 7d.
    pub lease_max: Span,
    /// Leases of one delivery before it is dead; 1 to 1,000.
    pub max_attempts: u32,
    /// The pause after the first, second, … negative acknowledgement that names none; the last repeats. Empty: at once.
    /// To 32 entries of at most 30d.
    pub backoff: Vec<Span>,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            lease: Span::from_secs(60),
            lease_max: Span::from_secs(12 * 3_600),
            max_attempts: 5,
            backoff: Vec::new(),
        }
    }
}

impl DeliveryConfig {
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        let mut faults = ConfigErrors::of("delivery");
        faults.within("lease", self.lease, Span::from_secs(1), self.lease_max.max(Span::from_secs(1)));
        faults.within("lease_max", self.lease_max, Span::from_secs(1), Span::from_secs(7 * 86_400));
        faults.within("max_attempts", self.max_attempts, 1, 1_000);
        if self.backoff.len() > 32 {
            faults.add("backoff", "at most 32 pauses");
        }
        for (at, pause) in self.backoff.iter().enumerate() {
            faults.within(&format!("backoff[{at}]"), *pause, Span::ZERO, Span::from_secs(30 * 86_400));
        }
        faults.into_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_not_longer_than_the_longest_lease() {
        let config =
            DeliveryConfig { lease: Span::from_secs(61), lease_max: Span::from_secs(60), ..Default::default() };
        assert_eq!(config.faults()[0].to_string(), "delivery.lease: 61s is out of bounds: 1s to 1m");
    }
}
