use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{Message, Problem, SendMessage};

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

#[cfg(test)]
mod tests {
    use super::BatchResult;
    use crate::Kind;

    #[test]
    fn a_batch_answer_is_a_message_or_a_problem() {
        let id = "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42";
        let message = format!(
            r#"{{"id":"{id}","seq":1,"thread_id":"{id}","sent_at":"2026-01-01T00:00:00.000Z","from":"a","to":["b"],
            "subject":"s","body":"","content_type":"text/markdown","kind":"decide","priority":"high",
            "metadata":{{"z":1, "a":2}},"recipients":[{{"agent":"b","state":"fanning_out"}}],"new_field":1}}"#
        );
        let BatchResult::Sent(read) = serde_json::from_str(&message).unwrap() else { panic!("a message") };
        assert_eq!(read.kind, Kind::Decide);
        assert_eq!(read.metadata.unwrap().as_json(), r#"{"z":1, "a":2}"#);
        let refused: BatchResult = serde_json::from_str(r#"{"code":"gate-failed","status":422}"#).unwrap();
        assert!(matches!(refused, BatchResult::Refused(problem) if problem.code == "gate-failed"));
    }
}
