//! Closed sets of words: each an enum that reads in any case and writes in lower case.

/// A word that is not one of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {what}; it is one of {}", .known.join(", "))]
pub struct UnknownWord {
    /// What the word should have been, as in `priority`.
    pub what: &'static str,
    /// The word as it was given.
    pub given: String,
    /// Every word that would have been understood.
    pub known: &'static [&'static str],
}

/// Defines an enum of words with `ALL`, `WORDS`, `as_str`, `Display`, `FromStr` and serde, reading any case.
macro_rules! words {
    (
        $what:literal
        $(#[doc = $doc:literal])+
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $word:literal, )+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $word)] $variant, )+
        }

        impl $name {
            /// Every value, in the order of the definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Every value's word, in the order of the definition.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// Returns the word that stands for this on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        // By hand: the derive does not see through this macro to the words.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::WORDS.iter().copied()))
                    .description(Some(concat!($($doc),+).trim()))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::word::UnknownWord;

            fn from_str(given: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str().eq_ignore_ascii_case(given)).ok_or_else(|| {
                    $crate::word::UnknownWord { what: $what, given: given.to_owned(), known: Self::WORDS }
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let given = String::deserialize(deserializer)?;
                given.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use crate::Priority;

    #[test]
    fn a_word_reads_in_any_case_and_writes_in_lower_case() {
        let read: Priority = serde_json::from_str("\"CRITICAL\"").unwrap();
        assert_eq!(read, Priority::Critical);
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"critical\"");
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let why = serde_json::from_str::<Priority>("\"urgent\"").unwrap_err().to_string();
        assert!(why.starts_with("unknown priority `urgent`: it is one of critical, high, normal, info"), "{why}");
    }
}
