use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// Settles a delivery as done; acking again answers the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"receipt": "1042.9f86d081884c7d65", "note": "merged as 4f2a9c1"}))]
pub struct Ack {
    /// The lease's receipt; without one any live delivery is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1042.9f86d081884c7d65")]
    pub receipt: Option<String>,
    /// What became of it, for the sender to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "merged as 4f2a9c1")]
    pub note: Option<String>,
}

/// Gives a leased delivery back, to be received again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"receipt": "1042.9f86d081884c7d65", "delay": "30s", "reason": "the build machine is busy"}))]
pub struct Nack {
    /// The lease's receipt.
    #[schema(example = "1042.9f86d081884c7d65")]
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
#[schema(example = json!({"receipt": "1042.9f86d081884c7d65", "lease": "5m"}))]
pub struct Extend {
    /// The lease's receipt.
    #[schema(example = "1042.9f86d081884c7d65")]
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
    #[schema(example = "1042.9f86d081884c7d65")]
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
    #[schema(example = "1042.9f86d081884c7d65")]
    pub receipt: Option<String>,
    /// Why.
    #[schema(example = "the repository no longer exists")]
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::Defer;

    #[test]
    fn defer_says_for_on_the_wire() {
        let read: Defer = serde_json::from_str(r#"{"for":"2h"}"#).unwrap();
        assert_eq!(read.for_.as_deref(), Some("2h"));
    }
}
