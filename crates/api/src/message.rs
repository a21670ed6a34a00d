use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{AttachmentRef, Metadata, Problem, Recipients, Timestamp, word::words};

words! {
    "kind of message"
    /// What a message does.
    pub enum Kind {
        /// Tells something.
        Inform = "inform",
        /// Asks for work.
        Request = "request",
        /// Puts a decision before those who may make it.
        Propose = "propose",
        /// Makes a decision in a domain.
        Decide = "decide",
        /// Approves in a domain.
        Approve = "approve",
        /// Rejects in a domain.
        Reject = "reject",
        /// Says that work is done; quality gates look at it.
        Complete = "complete",
    }
}

words! {
    "priority"
    /// The lane a message travels in; lanes are served in this order.
    pub enum Priority {
        /// Before everything else.
        Critical = "critical",
        /// Before normal work.
        High = "high",
        /// The default.
        Normal = "normal",
        /// When nothing else is waiting.
        Info = "info",
    }
}

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
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"test_coverage": 0.91}))]
    pub evidence: BTreeMap<String, f64>,
    /// Anything else, an object to 16 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    #[schema(example = "Running at scale!")]
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
    pub recipients: Vec<RecipientState>,
    /// What became of it when a rule of authority or a gate sent it elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
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
    #[schema(example = json!(["chat"]))]
    pub to: Vec<String>,
    /// The same in a sentence.
    #[schema(
        example = "`code` does not hold `strategy`; the message went to its holders as a proposal."
    )]
    pub detail: String,
}

words! {
    "outcome"
    /// Where a rule sent a message.
    pub enum OutcomeAction {
        /// To those who may decide.
        Escalated = "escalated",
        /// Back to its sender, in its thread.
        RevisionRequested = "revision_requested",
    }
}

/// Many messages in one request, 1 to 1000.
///
/// Each entry is a [`SendMessage`], read by itself, so that one wrong entry is that entry's problem only.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"messages": [
    {"from": "code", "to": "chat", "subject": "One", "body": "1", "idempotency_key": "one"},
    {"from": "code", "to": "chat", "subject": "Two", "body": "2"}
]}))]
pub struct BatchRequest {
    /// The messages, sent in this order.
    #[schema(value_type = Vec<SendMessage>, min_items = 1, max_items = 1000)]
    pub messages: Vec<Box<RawValue>>,
}

/// The answers to a batch, in its order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BatchResults {
    /// For each message of the batch the message as sent, or its problem.
    pub results: Vec<BatchResult>,
}

/// One entry's answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BatchResult {
    /// It was sent.
    Sent(Box<Message>),
    /// It was refused.
    Refused(Box<Problem>),
}

impl<'de> Deserialize<'de> for BatchResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`: that would buffer the value, and the exact text of `metadata` would be lost.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if let Ok(problem) = serde_json::from_str::<Problem>(raw.get()) {
            return Ok(Self::Refused(Box::new(problem)));
        }
        serde_json::from_str(raw.get()).map(Self::Sent).map_err(serde::de::Error::custom)
    }
}

/// Which messages: all conditions hold at once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Sent by this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "code")]
    pub from: Option<String>,
    /// Delivered to this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "chat")]
    pub to: Option<String>,
    /// In this thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<Uuid>,
    /// In this authority domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "testing")]
    pub domain: Option<String>,
    /// Of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Of this priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// With these words in subject or body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "flaky login test")]
    pub q: Option<String>,
    /// Sent at or after this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Sent before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How many entries at most: 1 to 1000, 100 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = 100, minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "1042")]
    pub after: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{BatchResult, Kind, SendMessage};

    #[test]
    fn the_shortest_message_reads() {
        let sent =
            r#"{"from":"code","to":"chat","subject":"Hello k8s","body":"Running at scale!"}"#;
        let read: SendMessage = serde_json::from_str(sent).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), sent);
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_known_ones() {
        let why = serde_json::from_str::<SendMessage>(r#"{"subject":"s","prio":"high"}"#)
            .unwrap_err()
            .to_string();
        assert!(why.contains("unknown field `prio`, expected one of `from`, `to`"), "{why}");
    }

    #[test]
    fn a_batch_answer_is_a_message_or_a_problem() {
        let id = "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42";
        let message = format!(
            r#"{{"id":"{id}","seq":1,"thread_id":"{id}","sent_at":"2026-01-01T00:00:00.000Z","from":"a","to":["b"],
            "subject":"s","body":"","content_type":"text/markdown","kind":"decide","priority":"high",
            "metadata":{{"z":1, "a":2}},"recipients":[{{"agent":"b","state":"fanning_out"}}],"new_field":1}}"#
        );
        let BatchResult::Sent(read) = serde_json::from_str(&message).unwrap() else {
            panic!("a message")
        };
        assert_eq!(read.kind, Kind::Decide);
        assert_eq!(read.metadata.unwrap().as_json(), r#"{"z":1, "a":2}"#);
        let refused: BatchResult =
            serde_json::from_str(r#"{"code":"gate-failed","status":422}"#).unwrap();
        assert!(matches!(refused, BatchResult::Refused(problem) if problem.code == "gate-failed"));
    }
}
