use domain::Span;
use serde::{Deserialize, Serialize};

use super::fault::{ConfigError, ConfigErrors};
use super::size::Size;

/// Where closed segments of the log go, and when a segment is closed: by whichever comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveConfig {
    /// A folder that every worker sees, or `s3://bucket/prefix`; absent: no archive.
    pub url: Option<String>,
    /// Events of one segment at most; 1 to 1,000,000.
    pub segment_events: usize,
    /// Bytes of its events at which it is closed, before they are compressed; 1KiB to 1GiB.
    pub segment_bytes: Size,
    /// Age of its first event at which it is closed; 1s to 365d.
    pub segment_age: Span,
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self { url: None, segment_events: 50_000, segment_bytes: Size::mib(64), segment_age: Span::from_secs(3_600) }
    }
}

impl ArchiveConfig {
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        let mut faults = ConfigErrors::of("archive");
        faults.within("segment_events", self.segment_events, 1, 1_000_000);
        faults.within("segment_bytes", self.segment_bytes, Size::kib(1), Size::gib(1));
        faults.within("segment_age", self.segment_age, Span::from_secs(1), Span::from_secs(365 * 86_400));
        faults.into_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn faults(change: impl FnOnce(&mut Config)) -> Vec<String> {
        let mut config = Config::default();
        change(&mut config);
        config.faults().into_iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn a_stretch_has_bounds() {
        let least = ArchiveConfig { segment_events: 1, segment_bytes: Size::kib(1), ..ArchiveConfig::default() };
        assert_eq!(least.faults(), []);
        let none = ArchiveConfig { segment_events: 0, segment_age: Span::ZERO, ..ArchiveConfig::default() };
        assert_eq!(none.faults().len(), 2);
    }

    #[test]
    fn nothing_is_removed_without_an_archive_or_before_an_idempotency_key() {
        let (hour, day) = (Span::from_secs(3_600), Span::from_secs(86_400));
        assert_eq!(faults(|config| config.retention.events = Some(day)), ["retention.events"]);
        assert_eq!(faults(|config| config.retention.messages = Some(day)), ["retention.messages"]);
        let archived = |events| {
            faults(|config| {
                config.archive.url = Some("/archive".to_owned());
                config.retention.events = Some(events);
                config.retention.messages = Some(hour);
            })
        };
        assert_eq!(archived(hour), ["retention.events"], "idempotency keys are kept for a day");
        assert_eq!(archived(day), Vec::<String>::new());
    }
}
