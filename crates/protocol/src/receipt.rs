use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Decision, State, Timestamp};

/// The answer of `GET /api/v1/messages/{id}/receipts`: what became of a message, recipient by recipient.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Receipts {
    /// The message.
    pub message_id: Uuid,
    /// One entry for each recipient.
    pub items: Vec<DeliveryReceipt>,
    /// What it asks to be decided, for a `request` or `propose`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Always `null`: every recipient is in one answer.
    #[serde(default)]
    #[schema(required = true, example = json!(null))]
    pub next: Option<String>,
}

/// What became of a message for one recipient, with every time that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "agent": "chat", "state": "acked", "attempts": 1, "sent_at": "2026-03-14T09:26:53.589Z",
    "delivered_at": "2026-03-14T09:26:54.102Z", "acked_at": "2026-03-14T09:27:10.000Z",
    "settled_at": "2026-03-14T09:27:10.000Z", "note": "merged as 4f2a9c1"
}))]
pub struct DeliveryReceipt {
    /// The recipient.
    #[schema(example = "chat")]
    pub agent: String,
    /// Where the delivery stands.
    pub state: State,
    /// How often it was leased or pushed.
    #[schema(example = 1)]
    pub attempts: u32,
    /// When the message was sent.
    pub sent_at: Timestamp,
    /// When it was first leased or pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// When the current lease runs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_expires_at: Option<Timestamp>,
    /// Until when it is put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred_until: Option<Timestamp>,
    /// The trigger that brings it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "tests-green")]
    pub trigger: Option<String>,
    /// When it must be acknowledged before it is escalated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_by: Option<Timestamp>,
    /// Until when it is worth delivering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When the recipient acknowledged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acked_at: Option<Timestamp>,
    /// When it was acknowledged, expired or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
    /// The recipient's note or reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "merged as 4f2a9c1")]
    pub note: Option<String>,
}
