use domain::Span;
use serde::{Deserialize, Serialize};

/// How long facts are kept; absent: for ever.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// How long events stay in the log.
    pub events: Option<Span>,
    /// How long messages whose deliveries are all over stay readable.
    pub messages: Option<Span>,
}

/// Where attachments are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttachmentsConfig {
    /// A folder, or `s3://bucket/prefix`; absent: `attachments` in the data folder.
    pub url: Option<String>,
}

/// Where old events go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveConfig {
    /// A folder, or `s3://bucket/prefix`; absent: no archive.
    pub url: Option<String>,
}
