//! From YAML text to nodes that know their lines.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::complaint::Complaint;
use super::node::{Node, Origin, Value, key_in};

/// Reads one YAML document. `origin` makes an origin of a line. Entries that are written twice are added to `complaints`;
/// a text that is no YAML, or one made to explode (aliases of aliases, endless nesting), is the complaint returned.
pub(super) fn parse(
    text: &str,
    origin: &dyn Fn(u64) -> Origin,
    complaints: &mut Vec<Complaint>,
) -> Result<Node, Complaint> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: 16, max_nodes: 1_000_000, max_aliases: 1_000, max_anchors: 1_000, max_documents: 1 },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 100_000, max_alias_expansions_per_anchor: 1_000 },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough,
        reject_unsupported_tags: true,
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Option<Raw>>(text, options) {
        Ok(raw) => {
            let raw = raw.unwrap_or(Raw { line: 1, content: Content::Null });
            Ok(raw.into_node("", origin, complaints))
        }
        Err(error) => {
            let line = error.location().map_or(1, |at| at.line());
            // Without the value: it may be a secret that stands in the wrong place.
            let why = error.without_snippet().to_string();
            let why = why.split(" at line ").next().unwrap_or_default().to_owned();
            Err(Complaint { origin: origin(line), key: String::new(), why: format!("is not YAML: {why}") })
        }
    }
}

/// A value as the YAML library gives it.
struct Raw {
    line: u64,
    content: Content,
}

enum Content {
    Null,
    Scalar(Value),
    List(Vec<Raw>),
    Map(Vec<(Spanned<String>, Raw)>),
}

impl Raw {
    fn into_node(self, key: &str, origin: &dyn Fn(u64) -> Origin, complaints: &mut Vec<Complaint>) -> Node {
        let value = match self.content {
            Content::Null => Value::Null,
            Content::Scalar(value) => value,
            Content::List(items) => Value::List(
                (0..)
                    .zip(items)
                    .map(|(at, item)| item.into_node(&format!("{key}[{at}]"), origin, complaints))
                    .collect(),
            ),
            Content::Map(entries) => Value::Map(unique(entries, key, origin, complaints)),
        };
        Node { origin: origin(self.line), value }
    }
}

/// The entries of a map; of those written twice the first stays and the others are complained of.
fn unique(
    entries: Vec<(Spanned<String>, Raw)>,
    parent: &str,
    origin: &dyn Fn(u64) -> Origin,
    complaints: &mut Vec<Complaint>,
) -> Vec<(String, Node)> {
    let mut unique: Vec<(String, Node)> = Vec::with_capacity(entries.len());
    for (name, mut raw) in entries {
        // A value is looked for where its name stands.
        raw.line = name.referenced.line();
        let key = key_in(parent, &name.value);
        if let Some((_, first)) = unique.iter().find(|(known, _)| *known == name.value) {
            let why = format!("is written twice, first at {}", first.origin);
            complaints.push(Complaint { origin: origin(raw.line), key, why });
        } else {
            let node = raw.into_node(&key, origin, complaints);
            unique.push((name.value, node));
        }
    }
    unique
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self { line: spanned.referenced.line(), content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(i64::try_from(value).map_or(Value::Large(value), Value::Integer)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Content::Map(entries))
    }
}
