use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A JSON object that the sender attaches and the server carries without looking inside; to 16 KiB.
///
/// The text is kept exactly as it was sent, since it is part of what the event log's hash covers.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object, example = json!({"ticket": "OPS-17", "attempt": 2}))]
pub struct Metadata(Box<RawValue>);

impl Metadata {
    /// Takes JSON text that is an object; `None` when it is anything else.
    pub fn new(json: Box<RawValue>) -> Option<Self> {
        json.get().starts_with('{').then_some(Self(json))
    }

    /// Returns the JSON text as it was sent.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    /// Gives the JSON text away.
    pub fn into_raw(self) -> Box<RawValue> {
        self.0
    }
}

/// Reads the metadata of a message to send, which must be JSON that every parser reads: what was stored before is given out
/// as it is.
pub(crate) fn to_send<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Metadata>, D::Error> {
    let metadata = Option::<Metadata>::deserialize(deserializer)?;
    if let Some(Metadata(raw)) = &metadata {
        crate::ijson::check(raw).map_err(D::Error::custom)?;
    }
    Ok(metadata)
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::new(raw).ok_or_else(|| D::Error::custom("metadata is an object, as in {\"ticket\": \"OPS-17\"}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Metadata;

    #[test]
    fn metadata_keeps_the_text_as_it_was_sent() {
        let sent = "{\"b\": 1,  \"a\": [1.50]}";
        let read: Metadata = serde_json::from_str(sent).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), sent);
    }

    #[test]
    fn metadata_that_is_no_object_is_refused() {
        for sent in ["[]", "1", "\"text\"", "null"] {
            assert!(serde_json::from_str::<Metadata>(sent).is_err(), "{sent}");
        }
    }
}
