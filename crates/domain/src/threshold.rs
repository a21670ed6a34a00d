//! Thresholds: the bounds of one metric, and how they are written.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A threshold on one metric: a minimum, a maximum, or both; both ends pass. Written as a number (a minimum),
/// `{min: 0.8}`, `{max: 0.05}` or both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The least that passes.
    pub min: Option<f64>,
    /// The most that passes.
    pub max: Option<f64>,
}

impl Threshold {
    /// Whether a measured value meets it.
    pub fn passes(self, actual: f64) -> bool {
        self.min.is_none_or(|min| actual >= min) && self.max.is_none_or(|max| actual <= max)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.min, self.max) {
            (Some(min), None) => serializer.serialize_f64(min),
            (min, max) => Bounds { min, max }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ThresholdVisitor)
    }
}

struct ThresholdVisitor;

impl<'de> de::Visitor<'de> for ThresholdVisitor {
    type Value = Threshold;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number (a minimum), or {min: 0.8}, {max: 0.05}")
    }

    fn visit_f64<E: de::Error>(self, min: f64) -> Result<Threshold, E> {
        Ok(Threshold { min: Some(min), max: None })
    }

    fn visit_i64<E: de::Error>(self, min: i64) -> Result<Threshold, E> {
        #[expect(clippy::cast_precision_loss, reason = "a threshold is a measure, never counted beyond 2^53")]
        self.visit_f64(min as f64)
    }

    fn visit_u64<E: de::Error>(self, min: u64) -> Result<Threshold, E> {
        #[expect(clippy::cast_precision_loss, reason = "a threshold is a measure, never counted beyond 2^53")]
        self.visit_f64(min as f64)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Threshold, A::Error> {
        let Bounds { min, max } = Bounds::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Threshold { min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_written_in_any_of_its_forms() {
        let table = [
            ("0.8", Threshold { min: Some(0.8), max: None }),
            ("1", Threshold { min: Some(1.0), max: None }),
            (r#"{"max":0.05}"#, Threshold { min: None, max: Some(0.05) }),
            (r#"{"min":1,"max":2}"#, Threshold { min: Some(1.0), max: Some(2.0) }),
        ];
        for (text, threshold) in table {
            assert_eq!(serde_json::from_str::<Threshold>(text).expect(text), threshold);
        }
        assert!(serde_json::from_str::<Threshold>(r#"{"least":1}"#).is_err());
        assert!(serde_json::from_str::<Threshold>(r#""high"#).is_err());
    }
}
