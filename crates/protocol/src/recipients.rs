use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

/// Whom a message goes to: one name, or a list.
///
/// Each entry is an agent's name, `domain:NAME` for the holders of a domain, or `*` for every active agent but the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(example = json!("chat"))]
pub enum Recipients {
    /// One recipient.
    One(String),
    /// Several recipients; the same agent counts once.
    Many(Vec<String>),
}

impl Recipients {
    /// Returns the entries as a slice.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// Gives the entries away as a list.
    pub fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

impl From<Vec<String>> for Recipients {
    fn from(mut many: Vec<String>) -> Self {
        if many.len() == 1 { Self::One(many.remove(0)) } else { Self::Many(many) }
    }
}

impl From<&str> for Recipients {
    fn from(one: &str) -> Self {
        Self::One(one.to_owned())
    }
}

impl<'de> Deserialize<'de> for Recipients {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Recipients;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a recipient's name or a list of names")
    }

    fn visit_str<E: de::Error>(self, one: &str) -> Result<Recipients, E> {
        Ok(Recipients::One(one.to_owned()))
    }

    fn visit_string<E: de::Error>(self, one: String) -> Result<Recipients, E> {
        Ok(Recipients::One(one))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Recipients, A::Error> {
        let mut many = Vec::new();
        while let Some(name) = list.next_element()? {
            many.push(name);
        }
        Ok(Recipients::Many(many))
    }
}

#[cfg(test)]
mod tests {
    use super::Recipients;

    #[test]
    fn one_name_and_a_list_of_names_both_read() {
        let one: Recipients = serde_json::from_str("\"chat\"").unwrap();
        let many: Recipients = serde_json::from_str("[\"chat\", \"domain:testing\"]").unwrap();
        assert_eq!(one.as_slice(), ["chat"]);
        assert_eq!(many.into_vec(), ["chat", "domain:testing"]);
    }

    #[test]
    fn another_type_is_refused_in_plain_words() {
        let why = serde_json::from_str::<Recipients>("7").unwrap_err().to_string();
        assert!(why.contains("expected a recipient's name or a list of names"), "{why}");
    }
}
