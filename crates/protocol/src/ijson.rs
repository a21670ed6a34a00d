//! I-JSON (RFC 7493): JSON that every parser reads, and reads alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Objects and lists inside one another, the outermost included.
pub(crate) const DEPTH_MAX: usize = 64;
/// What is shown of the path to a mistake.
const PATH_CHARS: usize = 200;

/// Checks a JSON text that is kept as it is: no half of a surrogate pair, no number that a double does not hold, no name twice
/// in one object, at most [`DEPTH_MAX`] deep. Fails with a sentence that begins with the path to the mistake.
pub(crate) fn check(raw: &RawValue) -> Result<(), String> {
    let mut path = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    Checked { path: &mut path, depth: 0 }.deserialize(&mut deserializer).map_err(|error| {
        let text = error.to_string();
        let why = text.split(" at line ").next().unwrap_or_default();
        // The escapes themselves were looked at before: what is wrong with one is what it stands for.
        let is_escape = why.contains("hex escape") || why.contains("surrogate");
        let why = if is_escape { "has half of a surrogate pair" } else { why };
        format!("inside `{}`: {why}", shown(&path))
    })
}

fn shown(path: &[String]) -> String {
    let path = path.concat();
    let path = path.trim_start_matches('.').chars().take(PATH_CHARS);
    path.map(|c| if c == '`' || c.is_control() { '?' } else { c }).collect()
}

/// Reads numbers by name; a name that is given twice is a mistake.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f64>, D::Error> {
    struct Numbers;

    impl<'de> Visitor<'de> for Numbers {
        type Value = BTreeMap<String, f64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut numbers = BTreeMap::new();
            while let Some(name) = map.next_key::<String>()? {
                if numbers.contains_key(&name) {
                    return Err(de::Error::custom(format!("duplicate field `{}`", shown(&[name]))));
                }
                numbers.insert(name, map.next_value()?);
            }
            Ok(numbers)
        }
    }

    deserializer.deserialize_map(Numbers)
}

/// Reads a value and keeps nothing of it; where it fails, `path` leads to the mistake.
struct Checked<'a> {
    path: &'a mut Vec<String>,
    depth: usize,
}

impl Checked<'_> {
    fn deeper<E: de::Error>(&self) -> Result<usize, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format!("is more than {DEPTH_MAX} objects and lists deep")));
        }
        Ok(self.depth + 1)
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        for at in 0_usize.. {
            self.path.push(format!("[{at}]"));
            if seq.next_element_seed(Checked { path: &mut *self.path, depth })?.is_none() {
                break;
            }
            self.path.pop();
        }
        self.path.pop();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            self.path.push(format!(".{name}"));
            if !names.insert(name) {
                return Err(de::Error::custom("is given twice"));
            }
            map.next_value_seed(Checked { path: &mut *self.path, depth })?;
            self.path.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), String> {
        check(&RawValue::from_string(text.to_owned()).expect(text))
    }

    #[test]
    fn what_every_parser_reads_passes() {
        for text in [
            r#"{"s": "\ud83d\ude80", "n": [1e308, -1.7976931348623157e308, 0, 9007199254740993], "e": "", "": null}"#,
            r#"{"a": {"x": 1}, "b": {"x": 1}, "A": true}"#,
            "{}",
        ] {
            assert_eq!(checked(text), Ok(()), "{text}");
        }
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(checked(&deep(DEPTH_MAX)), Ok(()));
        for depth in [DEPTH_MAX + 1, 127, 1_100, 5_000] {
            assert!(checked(&deep(depth)).expect_err("too deep").contains("64 objects and lists"), "{depth}");
        }
    }

    #[test]
    fn what_some_parsers_refuse_is_named_with_its_path() {
        let table = [
            (r#"{"s": "\ud83d"}"#, "`s`", "surrogate"),
            (r#"{"s": "\ude80"}"#, "`s`", "surrogate"),
            (r#"{"s": "\ud83d\ud83d"}"#, "`s`", "surrogate"),
            (r#"{"\ud83d": 1}"#, "``", "surrogate"),
            (r#"{"n": 1e400}"#, "`n`", "number out of range"),
            (r#"{"a": [1, {"n": -1e400}]}"#, "`a[1].n`", "number out of range"),
            (r#"{"a": {"b": 1, "b": 1}}"#, "`a.b`", "is given twice"),
            (r#"{"a": {"b": 1, "\u0062": 2}}"#, "`a.b`", "is given twice"),
        ];
        for (text, path, why) in table {
            let told = checked(text).expect_err(text);
            assert!(told.starts_with(&format!("inside {path}: ")) && told.contains(why), "{text}: {told}");
        }
    }
}
