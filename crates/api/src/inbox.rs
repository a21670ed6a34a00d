use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{Message, Timestamp, UnknownWord, word::words};

words! {
    "delivery state"
    /// Where a delivery stands.
    pub enum State {
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
    }
}

/// A list of delivery states, written with commas as in `pending,leased`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct States(pub Vec<State>);

impl std::str::FromStr for States {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split(',').map(|word| word.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for States {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let words: Vec<_> = self.0.iter().map(|state| state.as_str()).collect();
        serializer.serialize_str(&words.join(","))
    }
}

impl<'de> Deserialize<'de> for States {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Which deliveries of an inbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxQuery {
    /// Only these states, with commas between; the live ones (`pending,leased,deferred`) when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, example = "pending,leased")]
    pub state: Option<States>,
    /// How many entries at most: 1 to 1000, 100 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = 100, minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2.1042")]
    pub after: Option<String>,
}

/// What an agent has before it: priority lane first, then first in, first out.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Inbox {
    /// The deliveries of this page with their messages.
    pub items: Vec<InboxItem>,
    /// How many deliveries are in each state, over the whole inbox.
    #[serde(default)]
    pub counts: Counts,
    /// What to give as `after` for the next page; `null` on the last one.
    #[schema(example = "2.1042")]
    pub next: Option<String>,
}

/// One delivery with its message; also what each event of an inbox stream carries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InboxItem {
    /// The delivery.
    pub delivery: Delivery,
    /// The message.
    pub message: Message,
}

/// How many deliveries are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"pending": 3, "leased": 1, "deferred": 0, "acked": 120, "expired": 0, "dead": 1}))]
pub struct Counts {
    /// Waiting.
    pub pending: u64,
    /// Received and not yet settled.
    pub leased: u64,
    /// Put off.
    pub deferred: u64,
    /// Done.
    pub acked: u64,
    /// Too late.
    pub expired: u64,
    /// Given up.
    pub dead: u64,
}

/// One message for one recipient, with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "agent": "chat", "message_id": "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42", "state": "pending", "attempt": 0
}))]
pub struct Delivery {
    /// The recipient.
    #[schema(example = "chat")]
    pub agent: String,
    /// The message.
    pub message_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// How often it was leased or pushed.
    #[schema(example = 1)]
    pub attempt: u32,
    /// When the current lease runs out, while leased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_expires_at: Option<Timestamp>,
    /// Until when it is put off, while deferred to a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred_until: Option<Timestamp>,
    /// The trigger that brings it back, while deferred to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "tests-green")]
    pub trigger: Option<String>,
    /// When it must be acknowledged before it is escalated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_by: Option<Timestamp>,
    /// Until when it is worth delivering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was first leased or pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// When it was acknowledged, expired or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
    /// The recipient's note or reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "merged as 4f2a9c1")]
    pub note: Option<String>,
}

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
    #[schema(example = "rcpt_2t9yWQ7bX1c")]
    pub receipt: String,
    /// The number of this attempt, 1 for the first.
    #[schema(example = 1)]
    pub attempt: u32,
    /// When the lease runs out.
    pub lease_expires_at: Timestamp,
    /// The message.
    pub message: Message,
}

/// Settles a delivery as done; acking again answers the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"receipt": "rcpt_2t9yWQ7bX1c", "note": "merged as 4f2a9c1"}))]
pub struct Ack {
    /// The lease's receipt; without one any live delivery is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "rcpt_2t9yWQ7bX1c")]
    pub receipt: Option<String>,
    /// What became of it, for the sender to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "merged as 4f2a9c1")]
    pub note: Option<String>,
}

/// Gives a leased delivery back, to be received again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"receipt": "rcpt_2t9yWQ7bX1c", "delay": "30s", "reason": "the build machine is busy"}))]
pub struct Nack {
    /// The lease's receipt.
    #[schema(example = "rcpt_2t9yWQ7bX1c")]
    pub receipt: String,
    /// How long until it may be received again; the configured back-off when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "30s")]
    pub delay: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "the build machine is busy")]
    pub reason: Option<String>,
}

/// Makes a lease last longer, counted from now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"receipt": "rcpt_2t9yWQ7bX1c", "lease": "5m"}))]
pub struct Extend {
    /// The lease's receipt.
    #[schema(example = "rcpt_2t9yWQ7bX1c")]
    pub receipt: String,
    /// How long from now.
    #[schema(example = "5m")]
    pub lease: String,
}

/// Puts a delivery off: exactly one of `until`, `for` and `trigger`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"trigger": "tests-green", "reason": "waits for the tests"}))]
pub struct Defer {
    /// The lease's receipt, when it is leased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "rcpt_2t9yWQ7bX1c")]
    pub receipt: Option<String>,
    /// Until this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// For this long.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2h")]
    pub for_: Option<String>,
    /// Until `POST /api/v1/triggers/{name}` is called with this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "tests-green")]
    pub trigger: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "waits for the tests")]
    pub reason: Option<String>,
}

/// Gives a delivery up: it becomes a dead letter and the sender hears why.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "the repository no longer exists"}))]
pub struct Terminate {
    /// The lease's receipt, when it is leased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "rcpt_2t9yWQ7bX1c")]
    pub receipt: Option<String>,
    /// Why.
    #[schema(example = "the repository no longer exists")]
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::{Defer, State, States};

    #[test]
    fn states_read_with_commas() {
        let read: States = "pending, LEASED".parse().unwrap();
        assert_eq!(read.0, [State::Pending, State::Leased]);
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"pending,leased\"");
        assert!("pending,lost".parse::<States>().is_err());
    }

    #[test]
    fn defer_says_for_on_the_wire() {
        let read: Defer = serde_json::from_str(r#"{"for":"2h"}"#).unwrap();
        assert_eq!(read.for_.as_deref(), Some("2h"));
    }
}
