use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A moment as text: RFC 3339; answers are in UTC with milliseconds.
///
/// Kept as text because the wire format does no arithmetic; who needs a moment parses it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, example = "2026-03-14T09:26:53.589Z")]
pub struct Timestamp(pub String);

impl Timestamp {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Timestamp {
    type Err = String;

    /// Reads RFC 3339 over the whole range that the server reads, and keeps the text.
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<domain::Time>().map(|_| Self(text.to_owned()))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl From<String> for Timestamp {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
