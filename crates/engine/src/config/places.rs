use domain::Span;
use serde::{Deserialize, Serialize};

use super::fault::{ConfigError, ConfigErrors};

const CENTURY: Span = Span::from_secs(36_500 * 86_400);

/// How long facts are kept in the store; absent: for ever. What is removed is in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// How long events stay in the log; 1h to 36,500d, and at least as long as idempotency keys are kept.
    pub events: Option<Span>,
    /// How long messages whose deliveries are all over stay readable, where that is longer than `events`; to 36,500d.
    pub messages: Option<Span>,
}

impl RetentionConfig {
    pub(super) fn faults(&self, archive: Option<&str>, idempotency: Span) -> Vec<ConfigError> {
        let mut faults = ConfigErrors::of("retention");
        if let Some(events) = self.events {
            faults.within("events", events, Span::from_secs(3_600).max(idempotency), CENTURY);
            if archive.is_none() {
                faults.add("events", "removes what is in the archive, and there is none: set archive.url too");
            }
        }
        if let Some(messages) = self.messages {
            faults.within("messages", messages, Span::ZERO, CENTURY);
            if self.events.is_none() {
                faults.add("messages", "needs retention.events: a message is the data of an event, and goes with it");
            }
        }
        faults.into_vec()
    }
}

/// Where attachments are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttachmentsConfig {
    /// A folder, or `s3://bucket/prefix`; absent: `attachments` in the data folder.
    pub url: Option<String>,
}
