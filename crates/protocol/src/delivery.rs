use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{DecisionState, State, Timestamp};

/// Defines a list of words of one sort, written with commas between them.
macro_rules! listed {
    ($(#[doc = $doc:literal])+ $name:ident of $word:ident) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $name(pub Vec<$word>);

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                text.split(',').map(|word| word.trim().parse()).collect::<Result<_, _>>().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let words: Vec<_> = self.0.iter().map(|word| word.as_str()).collect();
                serializer.serialize_str(&words.join(","))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

listed! {
    /// A list of delivery states, written with commas as in `pending,leased`.
    States of State
}

listed! {
    /// A list of decision states, written with commas as in `open,approved`.
    DecisionStates of DecisionState
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

#[cfg(test)]
mod tests {
    use super::{State, States};

    #[test]
    fn states_read_with_commas() {
        let read: States = "pending, LEASED".parse().unwrap();
        assert_eq!(read.0, [State::Pending, State::Leased]);
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"pending,leased\"");
        assert!("pending,lost".parse::<States>().is_err());
    }
}
