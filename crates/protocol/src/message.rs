use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AttachmentRef, Decision, Kind, Metadata, OutcomeAction, Priority, Recipients, Timestamp, word::words};

/// An immutable letter with sender, recipients, subject and body; belongs to a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42", "seq": 7, "thread_id": "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42",
    "sent_at": "2026-03-14T09:26:53.589Z", "from": "code", "to": "chat", "subject": "Hello k8s",
    "body": "Running at scale!", "content_type": "text/markdown", "kind": "inform", "priority": "normal",
    "recipients": [{"agent": "chat", "state": "pending"}]
}))]
pub struct Message {
    /// The message's id, a `UUIDv7`.
    pub id: Uuid,
    /// The position of its `message.sent` event in the tenant's log.
    #[schema(example = 7)]
    pub seq: u64,
    /// The id of the thread's first message.
    pub thread_id: Uuid,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The sender.
    #[schema(example = "code")]
    pub from: String,
    /// The recipients as the sender wrote them; left out when the domain's holders were meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Recipients>,
    /// What it is about.
    #[schema(example = "Hello k8s")]
    pub subject: String,
    /// The text.
    #[serde(default)]
    #[schema(required = true, example = "Running at scale!")]
    pub body: String,
    /// The media type of the body.
    #[schema(example = "text/markdown")]
    pub content_type: String,
    /// What the message does.
    pub kind: Kind,
    /// The lane it travels in.
    pub priority: Priority,
    /// The authority domain it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "testing")]
    pub domain: Option<String>,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<Uuid>,
    /// The files it carries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentRef>,
    /// What was measured, by metric.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"test_coverage": 0.91}))]
    pub evidence: BTreeMap<String, f64>,
    /// Anything else, as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The W3C trace context that it was sent in: whoever works on it goes on from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Until when it is worth delivering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Until when it is held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_at: Option<Timestamp>,
    /// How soon it must be acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "30m")]
    pub ack_within: Option<String>,
    /// Each recipient with the state of its delivery.
    #[serde(default)]
    #[schema(required = true)]
    pub recipients: Vec<RecipientState>,
    /// What became of it when a rule of authority or a gate sent it elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What it asks to be decided, for a `request` or `propose`; left out in inboxes and in what is pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// One recipient with the state of its delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecipientState {
    /// The recipient's name; for `fanning_out`, the entry of `to` that workers still spread.
    #[schema(example = "chat")]
    pub agent: String,
    /// The state of the delivery.
    pub state: RecipientStatus,
}

words! {
    "recipient status"
    /// The state of one recipient's delivery, as a message's answer tells it.
    pub enum RecipientStatus {
        /// Waits for the recipient to receive it.
        Pending = "pending",
        /// Received, and to be acknowledged before the lease runs out.
        Leased = "leased",
        /// Put off until a time or a trigger.
        Deferred = "deferred",
        /// Done.
        Acked = "acked",
        /// Not received while it was worth delivering.
        Expired = "expired",
        /// Given up, by the recipient or after too many attempts.
        Dead = "dead",
        /// Workers still spread it: there were more recipients than `limits.inline_recipients`.
        FanningOut = "fanning_out",
    }
}

/// What a rule of authority or a gate made of a message instead of refusing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "action": "escalated", "rule": "decide in `strategy` needs that domain or final authority", "to": ["chat"],
    "detail": "`code` does not hold `strategy`; the message went to its holders as a proposal."
}))]
pub struct Outcome {
    /// What happened.
    pub action: OutcomeAction,
    /// The rule that applied.
    #[schema(example = "decide in `strategy` needs that domain or final authority")]
    pub rule: String,
    /// Who received the message instead.
    #[serde(default)]
    #[schema(required = true, example = json!(["chat"]))]
    pub to: Vec<String>,
    /// The same in a sentence.
    #[schema(example = "`code` does not hold `strategy`; the message went to its holders as a proposal.")]
    pub detail: String,
}
