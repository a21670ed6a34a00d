use std::collections::BTreeMap;

use domain::AgentName;
use domain::gate::{OnFailure, Threshold};
use domain::message::Kind;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// What evidence a message must carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatesConfig {
    /// Whether gates are looked at.
    pub enabled: bool,
    /// The bounds by metric.
    pub thresholds: BTreeMap<String, Threshold>,
    /// The kinds of message that must carry evidence for every threshold.
    pub applies_to: Vec<Kind>,
    /// What becomes of a message that does not meet them.
    pub on_failure: OnFailure,
}

impl Default for GatesConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            thresholds: BTreeMap::new(),
            applies_to: vec![Kind::Complete],
            on_failure: OnFailure::Reject,
        }
    }
}

impl GatesConfig {
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        self.thresholds.iter().filter_map(|(name, threshold)| threshold_fault(name, *threshold)).collect()
    }
}

fn threshold_fault(name: &str, threshold: Threshold) -> Option<ConfigError> {
    let why = match (threshold.min, threshold.max) {
        _ if !AgentName::is_valid(name) => "is no metric name: 1 to 64 of letters, digits, `.`, `_` and `-`".to_owned(),
        (None, None) => "needs a `min`, a `max` or both".to_owned(),
        (Some(min), Some(max)) if min > max => {
            format!("nothing passes: min {min} is over max {max}")
        }
        (min, max) if [min, max].into_iter().flatten().all(f64::is_finite) => return None,
        _ => "must be a finite number".to_owned(),
    };
    Some(ConfigError::new(format!("quality_gates.thresholds.{name}"), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_that_nothing_meets_is_a_fault() {
        let table = [
            ("ok", Some(1.0), Some(1.0), None),
            ("none", None, None, Some("needs a `min`")),
            ("crossed", Some(2.0), Some(1.0), Some("nothing passes")),
            ("endless", None, Some(f64::INFINITY), Some("finite")),
            ("two words", Some(1.0), None, Some("metric name")),
        ];
        for (name, min, max, expected) in table {
            let fault = threshold_fault(name, Threshold { min, max });
            match expected {
                None => assert_eq!(fault, None, "{name}"),
                Some(part) => assert!(fault.expect(name).why.contains(part), "{name}"),
            }
        }
    }
}
