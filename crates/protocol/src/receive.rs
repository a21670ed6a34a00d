use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Kind, Message, Timestamp};

/// Leases deliveries: each is the caller's until its lease runs out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"max": 10, "lease": "60s", "wait": "20s"}))]
pub struct Receive {
    /// How many at most, 1 to 100; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 10, minimum = 1, maximum = 100)]
    pub max: Option<u32>,
    /// How long they are the caller's; `delivery.lease` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "60s")]
    pub lease: Option<String>,
    /// How long to wait for the first one, `0s` to `60s`; `0s` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "20s")]
    pub wait: Option<String>,
    /// Only messages of these kinds; of any when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["request"]))]
    pub kinds: Vec<Kind>,
    /// Only messages of this thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Uuid>,
}

/// The answer of receive.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReceivedList {
    /// The leased deliveries in inbox order; none when nothing came while waiting.
    pub deliveries: Vec<Received>,
}

/// One leased delivery.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Received {
    /// What proves the lease when settling it.
    #[schema(example = "1042.9f86d081884c7d65")]
    pub receipt: String,
    /// The number of this attempt, 1 for the first.
    #[schema(example = 1)]
    pub attempt: u32,
    /// When the lease runs out.
    pub lease_expires_at: Timestamp,
    /// The message.
    pub message: Message,
}

/// What is pushed to an agent's webhook: a leased delivery, and whose it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Push {
    /// The recipient.
    #[schema(example = "chat")]
    pub agent: String,
    /// The delivery, as `receive` would give it.
    #[serde(flatten)]
    pub received: Received,
}
