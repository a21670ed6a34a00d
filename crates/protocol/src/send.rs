use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AttachmentRef, Kind, Metadata, Priority, Recipients, Timestamp};
use crate::{ijson, metadata};

/// A message to send.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "code", "to": "chat", "subject": "Hello k8s", "body": "Running at scale!"}))]
pub struct SendMessage {
    /// The sender; a key bound to one agent may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "code")]
    pub from: Option<String>,
    /// The recipients; a `request` or `propose` with a `domain` may leave them out and goes to its holders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Recipients>,
    /// What it is about, 1 to 200 characters.
    #[schema(example = "Hello k8s", min_length = 1, max_length = 200)]
    pub subject: String,
    /// The text, to 256 KiB.
    #[serde(default)]
    #[schema(example = "Running at scale!")]
    pub body: String,
    /// The media type of the body; `text/markdown` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "text/markdown")]
    pub content_type: Option<String>,
    /// What the message does; `inform` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The lane it travels in; `normal` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The authority domain it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "testing")]
    pub domain: Option<String>,
    /// The message it answers, whose thread it joins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<Uuid>,
    /// The files it carries, stored before with `POST /api/v1/attachments`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentRef>,
    /// What was measured, by metric; quality gates read it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "ijson::numbers")]
    #[schema(example = json!({"test_coverage": 0.91}))]
    pub evidence: BTreeMap<String, f64>,
    /// Anything else, an object to 16 KiB and 64 levels deep.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "metadata::to_send")]
    pub metadata: Option<Metadata>,
    /// How long it is worth delivering, as in `2h`; not together with `expires_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2h")]
    pub expires_in: Option<String>,
    /// Until when it is worth delivering; not together with `expires_in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How long to hold it back, as in `10m`; not together with `deliver_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "10m")]
    pub deliver_in: Option<String>,
    /// Until when to hold it back; not together with `deliver_in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_at: Option<Timestamp>,
    /// How soon it must be acknowledged before a reminder goes out and it is escalated, as in `30m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "30m")]
    pub ack_within: Option<String>,
    /// In a batch: the same as the `Idempotency-Key` header of a single send, which goes before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "deploy-42-report")]
    pub idempotency_key: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::SendMessage;

    #[test]
    fn the_shortest_message_reads() {
        let sent = r#"{"from":"code","to":"chat","subject":"Hello k8s","body":"Running at scale!"}"#;
        let read: SendMessage = serde_json::from_str(sent).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), sent);
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_known_ones() {
        let why = serde_json::from_str::<SendMessage>(r#"{"subject":"s","prio":"high"}"#).unwrap_err().to_string();
        assert!(why.contains("unknown field `prio`, expected one of `from`, `to`"), "{why}");
    }
}
