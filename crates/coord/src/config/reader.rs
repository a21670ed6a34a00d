//! From nodes to structs, through serde, with mistakes that know where they stand.

use std::fmt;
use std::iter::Enumerate;
use std::slice;

use domain::nearest;
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};

use super::node::{Node, Origin, Value, key_in};

/// Settings whose values are never shown, not even when they are of the wrong type.
const SECRETS: [&str; 7] = [
    "auth.admin_key",
    "database.url",
    "rabbitmq.url",
    "redis.url",
    "s3.access_key_id",
    "s3.secret_access_key",
    "s3.session_token",
];

/// A node with its dotted key, ready to be read.
#[derive(Debug)]
pub(super) struct Place<'a> {
    node: &'a Node,
    key: String,
}

/// Why a node cannot be read.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) why: String,
    /// Where it stands; none while it is on its way up to the value it is about.
    pub(super) at: Option<(Origin, String)>,
    /// The field that is missing in the value at `at`.
    pub(super) missing: Option<&'static str>,
}

impl<'a> Place<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self { node, key: String::new() }
    }

    /// Reads a value; what is wrong with it stands here and not in what surrounds it.
    fn read<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Mistake> {
        let Self { node, key } = self;
        let again = key.clone();
        seed.deserialize(Place { node, key }).map_err(|mistake| Self::locate(node, again, mistake))
    }

    /// What keys or a list are read from; a variable that holds neither says why it is no YAML.
    fn yaml(self) -> Result<Self, Mistake> {
        match &self.node.value {
            Value::Variable { yaml: Ok(node), .. } => Ok(Self { node, key: self.key }),
            Value::Variable { yaml: Err(why), .. } => Err(Self::locate(self.node, self.key, Mistake::new(why.clone()))),
            _ => Ok(self),
        }
    }

    fn locate(node: &Node, key: String, mut mistake: Mistake) -> Mistake {
        if mistake.at.is_none() {
            if SECRETS.contains(&key.as_str()) {
                "must be a text: put it in quotes".clone_into(&mut mistake.why);
            }
            mistake.at = Some((node.origin.clone(), key));
        }
        mistake
    }
}

impl<'de> Deserializer<'de> for Place<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let Self { node, key } = self;
        let read = match &node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Large(value) => visitor.visit_u64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(value) => visitor.visit_borrowed_str(value),
            Value::List(items) => visitor.visit_seq(Items { key: &key, left: items.iter().enumerate() }),
            Value::Map(entries) => visitor.visit_map(Entries { key: &key, left: entries.iter(), value: None }),
            Value::Variable { yaml: Ok(node), .. } => return Place { node, key }.deserialize_any(visitor),
            Value::Variable { text, .. } => visitor.visit_borrowed_str(text),
        };
        read.map_err(|mistake| Self::locate(node, key, mistake))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let Self { node, key } = self;
        match &node.value {
            Value::Variable { text, .. } => {
                visitor.visit_borrowed_str(text).map_err(|mistake| Self::locate(node, key, mistake))
            }
            _ => Place { node, key }.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.yaml()?.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.yaml()?.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.yaml()?.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let is_null = match &self.node.value {
            Value::Variable { yaml: Ok(node), .. } => node.value == Value::Null,
            value => *value == Value::Null,
        };
        if is_null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let read = match &self.node.value {
            Value::Text(word) | Value::Variable { text: word, .. } => {
                visitor.visit_enum(word.as_str().into_deserializer())
            }
            _ => Err(de::Error::custom(format!("must be one of {}", words.join(", ")))),
        };
        read.map_err(|mistake| Self::locate(self.node, self.key, mistake))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier ignored_any
    }
}

/// The items of a list.
struct Items<'a, 'de> {
    key: &'a str,
    left: Enumerate<slice::Iter<'de, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mistake> {
        let Some((at, node)) = self.left.next() else { return Ok(None) };
        Place { node, key: format!("{}[{at}]", self.key) }.read(seed).map(Some)
    }
}

/// The entries of a map.
struct Entries<'a, 'de> {
    key: &'a str,
    left: slice::Iter<'de, (String, Node)>,
    value: Option<Place<'de>>,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mistake> {
        let Some((name, node)) = self.left.next() else { return Ok(None) };
        let key = key_in(self.key, name);
        // An unknown name is a mistake of its own place, not of the map around it.
        let read = seed.deserialize(name.as_str().into_deserializer());
        let read = read.map_err(|mistake| Place::locate(node, key.clone(), mistake));
        self.value = Some(Place { node, key });
        read.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        let place = self.value.take().ok_or_else(|| Mistake::new("a value before its name".to_owned()))?;
        place.read(seed)
    }
}

impl Mistake {
    fn new(why: String) -> Self {
        Self { why, at: None, missing: None }
    }
}

/// What is expected, without the names of Rust's types.
fn plainly(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "a string" | "str" | "path string" => "a text: put it in quotes".to_owned(),
        "a boolean" | "bool" => "true or false".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "u8" => format!("a whole number, 0 to {}", u8::MAX),
        "u16" => format!("a whole number, 0 to {}", u16::MAX),
        "u32" => format!("a whole number, 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "a map" => "keys".to_owned(),
        section if section.starts_with("struct ") => "a section of keys".to_owned(),
        sequence if sequence.starts_with("a sequence") => "a list".to_owned(),
        other => other.to_owned(),
    }
}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self::new(why.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unit => "nothing".to_owned(),
            Unexpected::Map => "keys".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            other => other.to_string(),
        };
        let expected = plainly(expected);
        Self::new(format!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found {found}", plainly(expected)))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::new(nearest::unknown("key", field, known.iter().copied()))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(nearest::unknown("word", word, known.iter().copied()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::new("is missing".to_owned()) }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Mistake {}
