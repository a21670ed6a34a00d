//! What a user may set of the broker.

use std::path::PathBuf;

use domain::{Secret, Span};
use serde::{Deserialize, Serialize};

use crate::rabbitmq::Hosts;

/// The work queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrokerConfig {
    /// RabbitMQ, `amqp://user:password@host:5672/vhost`, or `amqps://` for TLS; several hosts of one cluster are separated by commas. Absent: queues in
    /// this process.
    pub url: Option<Secret>,
    /// With `amqps://`: the authorities to trust, a file in PEM. Absent: those that this machine trusts.
    pub tls_ca: Option<PathBuf>,
    /// What a worker holds unfinished of each lane, in RabbitMQ's messages of up to 100 tasks; 1 to 1,000.
    pub prefetch: u16,
    /// How long a task waits for a worker before it goes to the dead letters; 1s to 49d.
    pub ttl: Span,
    /// How often a task may come back unfinished before it goes to the dead letters; 1 to 1,000.
    pub delivery_limit: u32,
    /// What the names of the queues and the exchange begin with; 1 to 100 of letters, digits, `.`, `_` and `-`.
    pub queue_prefix: String,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            url: None,
            tls_ca: None,
            prefetch: 16,
            ttl: Span::from_secs(7 * 86_400),
            delivery_limit: 20,
            queue_prefix: "coordination".to_owned(),
        }
    }
}

impl BrokerConfig {
    /// Everything that is wrong with these values: the key within the section, and why.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if let Some(Err(error)) = self.url.as_ref().map(|url| Hosts::parse(url.expose())) {
            faults.push(("url", error.to_string()));
        }
        let mut within = |key, value: i64, most: i64, shown: &dyn Fn(i64) -> String| {
            if value < 1 || value > most {
                faults.push((key, format!("{} is out of bounds: {} to {}", shown(value), shown(1), shown(most))));
            }
        };
        let number = |value: i64| value.to_string();
        within("prefetch", self.prefetch.into(), 1_000, &number);
        within("delivery_limit", self.delivery_limit.into(), 1_000, &number);
        within("ttl", self.ttl.0.div_euclid(1_000_000), 49 * 86_400, &|secs| Span::from_secs(secs).to_string());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !(1..=100).contains(&self.queue_prefix.len()) || !self.queue_prefix.bytes().all(allowed) {
            faults.push(("queue_prefix", "must be 1 to 100 of letters, digits, `.`, `_` and `-`".to_owned()));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_free_of_faults() {
        assert_eq!(BrokerConfig::default().faults(), []);
    }

    #[test]
    fn what_is_out_of_bounds_is_named_and_the_password_is_not() {
        let config = BrokerConfig {
            url: Some(Secret::new("http://guest:hunter2@localhost")),
            tls_ca: None,
            prefetch: 0,
            ttl: Span::from_secs(50 * 86_400),
            delivery_limit: 1_001,
            queue_prefix: "two words".to_owned(),
        };
        let faults = config.faults();
        let keys: Vec<&str> = faults.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["url", "prefetch", "delivery_limit", "ttl", "queue_prefix"]);
        assert!(!format!("{faults:?}").contains("hunter2"));
        assert_eq!(faults[3].1, "50d is out of bounds: 1s to 49d");
    }
}
