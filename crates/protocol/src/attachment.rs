use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

/// A file that a message carries, by the SHA-256 of its bytes.
///
/// In a request it may be written as the hash alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "name": "report.html"
}))]
pub struct AttachmentRef {
    /// The SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// The name that the recipient sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "report.html")]
    pub name: Option<String>,
}

impl<'de> Deserialize<'de> for AttachmentRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    sha256: String,
    #[serde(default)]
    name: Option<String>,
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = AttachmentRef;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an attachment's sha256 or {\"sha256\": ..., \"name\": ...}")
    }

    fn visit_str<E: de::Error>(self, sha256: &str) -> Result<AttachmentRef, E> {
        Ok(AttachmentRef { sha256: sha256.to_owned(), name: None })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<AttachmentRef, A::Error> {
        let Named { sha256, name } = Named::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(AttachmentRef { sha256, name })
    }
}

/// The answer of `POST /api/v1/attachments`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StoredAttachment {
    /// The SHA-256 of the bytes, which is the attachment's id.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// How many bytes it has.
    #[schema(example = 4)]
    pub size: u64,
    /// The media type it was stored with.
    #[schema(example = "text/html")]
    pub media_type: String,
    /// The name it was stored with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "report.html")]
    pub name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::AttachmentRef;

    #[test]
    fn a_hash_alone_and_a_named_hash_both_read() {
        let read: Vec<AttachmentRef> = serde_json::from_str(r#"["ab", {"sha256": "cd", "name": "x.txt"}]"#).unwrap();
        assert_eq!((read[0].sha256.as_str(), read[0].name.as_deref()), ("ab", None));
        assert_eq!((read[1].sha256.as_str(), read[1].name.as_deref()), ("cd", Some("x.txt")));
    }

    #[test]
    fn an_unknown_field_is_refused() {
        assert!(serde_json::from_str::<AttachmentRef>(r#"{"sha256": "cd", "title": "x"}"#).is_err());
    }
}
