use domain::Span;
use serde::{Deserialize, Serialize};

use super::fault::ConfigErrors;
use super::{Allowed, ConfigError, DeliveryConfig, Size};

/// Entries of `allow`.
const ALLOW_MAX: usize = 1_000;

/// How deliveries are pushed to the webhooks of agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// The longest that a push takes, connecting and answering included; 10ms to `delivery.lease`.
    pub timeout: Span,
    /// The longest that looking up the host and connecting take; 10ms to `timeout`.
    pub connect_timeout: Span,
    /// Pushes at a time in one process; 1 to 10,000. To one agent there is one at a time, in all processes together.
    pub concurrency: usize,
    /// Pushes at a time to one host in one process; 1 to `concurrency`.
    pub concurrency_per_host: usize,
    /// The pause after the first, second, … attempt that failed; the last repeats. One to 32 entries of at most 30d.
    pub backoff: Vec<Span>,
    /// How far a pause is drawn from what `backoff` says, either way, in hundredths of it; 0 to 100.
    pub jitter_percent: u32,
    /// The longest `Retry-After` that is obeyed; 0s to 1d.
    pub retry_after_max: Span,
    /// What is read of an answer's body, at most, before its connection is closed; to 1MiB.
    pub response_bytes: Size,
    /// How long the secret before a new one signs along; 0s to 30d.
    pub secret_overlap: Span,
    /// What webhooks may lead to, also without TLS, though it is no public address; to 1,000 entries.
    pub allow: Vec<Allowed>,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            timeout: Span::from_secs(15),
            connect_timeout: Span::from_secs(5),
            concurrency: 64,
            concurrency_per_host: 8,
            backoff: [5, 60, 600, 3_600, 5 * 3_600].map(Span::from_secs).to_vec(),
            jitter_percent: 20,
            retry_after_max: Span::from_secs(3_600),
            response_bytes: Size(64 * 1024),
            secret_overlap: Span::from_secs(86_400),
            allow: Vec::new(),
        }
    }
}

impl WebhooksConfig {
    pub(super) fn faults(&self, delivery: &DeliveryConfig) -> Vec<ConfigError> {
        let (short, days) = (Span::from_millis(10), |days: i64| Span::from_secs(days * 86_400));
        let mut faults = ConfigErrors::of("webhooks");
        faults.within("timeout", self.timeout, short, delivery.lease.max(short));
        faults.within("connect_timeout", self.connect_timeout, short, self.timeout.max(short));
        faults.within("concurrency", self.concurrency, 1, 10_000);
        faults.within("concurrency_per_host", self.concurrency_per_host, 1, self.concurrency.max(1));
        if self.backoff.is_empty() || self.backoff.len() > 32 {
            faults.add("backoff", "1 to 32 pauses");
        }
        for (at, pause) in self.backoff.iter().enumerate() {
            faults.within(&format!("backoff[{at}]"), *pause, Span::ZERO, days(30));
        }
        faults.within("jitter_percent", self.jitter_percent, 0, 100);
        faults.within("retry_after_max", self.retry_after_max, Span::ZERO, days(1));
        faults.within("response_bytes", self.response_bytes, Size(0), Size(1024 * 1024));
        faults.within("secret_overlap", self.secret_overlap, Span::ZERO, days(30));
        if self.allow.len() > ALLOW_MAX {
            faults.add("allow", format!("at most {ALLOW_MAX} entries"));
        }
        faults.into_vec()
    }

    /// The pause after this attempt, drawn by `random` from around what `backoff` says.
    pub(crate) fn pause(&self, attempt: i64, random: u32) -> Span {
        let nth = usize::try_from(attempt - 1).unwrap_or(0).min(self.backoff.len().saturating_sub(1));
        let pause = self.backoff.get(nth).copied().unwrap_or_default();
        let width = i128::from(pause.0) * i128::from(self.jitter_percent) / 100;
        let drawn = width * 2 * i128::from(random) / i128::from(u32::MAX) - width;
        Span(pause.0 + drawn as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(config: &WebhooksConfig) -> Vec<String> {
        config.faults(&DeliveryConfig::default()).into_iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn every_bound_holds_at_its_edge() {
        let secs = Span::from_secs;
        let good = WebhooksConfig {
            timeout: secs(60),
            connect_timeout: secs(60),
            concurrency: 10_000,
            concurrency_per_host: 10_000,
            backoff: vec![secs(30 * 86_400); 32],
            jitter_percent: 100,
            retry_after_max: secs(86_400),
            response_bytes: Size(1024 * 1024),
            secret_overlap: secs(30 * 86_400),
            allow: vec![Allowed::Host("a".to_owned()); ALLOW_MAX],
        };
        assert_eq!(wrong(&good), [""; 0]);
        let bad = WebhooksConfig {
            timeout: secs(61),
            connect_timeout: secs(62),
            concurrency: 10_001,
            concurrency_per_host: 10_002,
            backoff: Vec::new(),
            jitter_percent: 101,
            retry_after_max: secs(86_401),
            response_bytes: Size(1024 * 1024 + 1),
            secret_overlap: secs(30 * 86_400 + 1),
            allow: vec![Allowed::Host("a".to_owned()); ALLOW_MAX + 1],
        };
        let keys = [
            "timeout",
            "connect_timeout",
            "concurrency",
            "concurrency_per_host",
            "backoff",
            "jitter_percent",
            "retry_after_max",
            "response_bytes",
            "secret_overlap",
            "allow",
        ];
        assert_eq!(wrong(&bad), keys.map(|key| format!("webhooks.{key}")));
    }

    #[test]
    fn a_pause_is_drawn_from_around_what_is_configured_and_the_last_repeats() {
        let config = WebhooksConfig { backoff: [10, 100].map(Span::from_secs).to_vec(), ..Default::default() };
        let drawn = |attempt| [0, u32::MAX / 2 + 1, u32::MAX].map(|random| config.pause(attempt, random).0 / 1_000_000);
        assert_eq!(drawn(1), [8, 10, 12]);
        assert_eq!(drawn(2), [80, 100, 120]);
        assert_eq!(drawn(9), [80, 100, 120]);
    }
}
