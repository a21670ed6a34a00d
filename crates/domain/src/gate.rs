//! Quality gates: work is not complete until its evidence meets the thresholds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::message::Kind;
use crate::refusal::{Code, FieldError, Refusal};
use crate::text;
pub use crate::threshold::Threshold;
use crate::words::words;

words! {
    /// What happens to a message that fails a gate.
    pub enum OnFailure: "quality_gates.on_failure" {
        /// It is refused.
        Reject = 0 "reject",
        /// It goes back to its sender, in its thread.
        RequestRevision = 1 "request_revision",
        /// It goes to the final authority instead.
        Escalate = 2 "escalate",
    }
}

/// The gates of a system.
#[derive(Clone, Debug, PartialEq)]
pub struct Gates {
    /// Whether anything is checked at all.
    pub enabled: bool,
    /// Threshold by metric.
    pub thresholds: BTreeMap<String, Threshold>,
    /// The kinds of message that must carry evidence for every threshold.
    pub applies_to: Vec<Kind>,
    /// What happens on failure.
    pub on_failure: OnFailure,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            enabled: false,
            thresholds: BTreeMap::new(),
            applies_to: vec![Kind::Complete],
            on_failure: OnFailure::Reject,
        }
    }
}

/// One gate, weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// The metric.
    pub gate: String,
    /// What was asked.
    pub threshold: Threshold,
    /// What was given; none: nothing.
    pub actual: Option<f64>,
    /// Whether it passed.
    pub passed: bool,
}

impl Gates {
    /// Weighs a message's evidence: every threshold for the kinds that must show it, and for other kinds those that the
    /// evidence names. Off, it weighs nothing.
    pub fn weigh(&self, kind: Kind, evidence: &BTreeMap<String, f64>) -> Vec<GateResult> {
        if !self.enabled {
            return Vec::new();
        }
        let all = self.applies_to.contains(&kind);
        let weighed = self.thresholds.iter().filter(|(gate, _)| all || evidence.contains_key(*gate));
        weighed
            .map(|(gate, threshold)| {
                let actual = evidence.get(gate).copied();
                let passed = actual.is_some_and(|actual| threshold.passes(actual));
                GateResult { gate: gate.clone(), threshold: *threshold, actual, passed }
            })
            .collect()
    }
}

/// What is wrong with evidence: more metrics than `limits.evidence_entries`, a name of more than 64 bytes or with NUL, or a
/// number that is none.
pub fn evidence_errors(evidence: &BTreeMap<String, f64>, limits: &Limits) -> Vec<(Code, FieldError)> {
    let mut errors = Vec::new();
    let mut fault = |code, why| errors.push((code, FieldError { field: "evidence".to_owned(), why }));
    if evidence.len() > limits.evidence_entries {
        let why = format!("has {} metrics; {} are allowed", evidence.len(), limits.evidence_entries);
        fault(Code::TooManyItems, why);
    }
    let is_wrong = |(metric, value): &(&String, &f64)| metric.len() > 64 || text::has_nul(metric) || !value.is_finite();
    if let Some((metric, _)) = evidence.iter().find(is_wrong) {
        let shown: String = metric.chars().take(64).collect();
        let why = format!("`{shown}` must be a finite number under a name of at most 64 bytes without NUL");
        fault(Code::InvalidField, why);
    }
    errors
}

/// Fails where evidence is wrong, see [`evidence_errors`].
pub fn check_evidence(evidence: &BTreeMap<String, f64>, limits: &Limits) -> Result<(), Refusal> {
    let first = evidence_errors(evidence, limits).into_iter().next();
    first.map_or(Ok(()), |(code, error)| Err(Refusal::field(code, error.field, error.why)))
}

/// Says in a sentence which of the gates failed.
pub fn describe(results: &[GateResult]) -> String {
    let failed = results.iter().filter(|result| !result.passed).map(|result| {
        let asked = match (result.threshold.min, result.threshold.max) {
            (Some(min), Some(max)) => format!("between {min} and {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => "given".to_owned(),
        };
        match result.actual {
            Some(actual) => format!("{} is {actual} and must be {asked}", result.gate),
            None => format!("{} is missing and must be {asked}", result.gate),
        }
    });
    failed.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates() -> Gates {
        let thresholds = [
            ("coverage".to_owned(), Threshold { min: Some(0.8), max: None }),
            ("errors".to_owned(), Threshold { min: None, max: Some(0.05) }),
        ];
        Gates { enabled: true, thresholds: thresholds.into(), ..Gates::default() }
    }

    /// Kind, evidence, and how many gates are weighed and passed.
    type Row = (Kind, &'static [(&'static str, f64)], (usize, usize));

    #[test]
    fn evidence_is_weighed_as_the_table_says() {
        let table: [Row; 7] = [
            (Kind::Complete, &[("coverage", 0.8), ("errors", 0.05)], (2, 2)),
            (Kind::Complete, &[("coverage", 0.799), ("errors", 0.0)], (2, 1)),
            (Kind::Complete, &[("coverage", 0.9)], (2, 1)),
            (Kind::Complete, &[], (2, 0)),
            (Kind::Inform, &[], (0, 0)),
            (Kind::Inform, &[("coverage", 0.1)], (1, 0)),
            (Kind::Inform, &[("unrelated", 0.1)], (0, 0)),
        ];
        for (kind, evidence, expected) in table {
            let evidence = evidence.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            let results = gates().weigh(kind, &evidence);
            let passed = results.iter().filter(|result| result.passed).count();
            assert_eq!((results.len(), passed), expected, "{kind} with {evidence:?}");
        }
    }

    #[test]
    fn gates_that_are_off_weigh_nothing() {
        let gates = Gates { enabled: false, ..gates() };
        assert!(gates.weigh(Kind::Complete, &BTreeMap::new()).is_empty());
    }

    #[test]
    fn a_threshold_is_a_number_or_a_range() {
        let written = r#"[0.8,{"max":0.05},{"min":1.0,"max":2.0}]"#;
        let thresholds: Vec<Threshold> = serde_json::from_str(written).expect("valid");
        assert_eq!(serde_json::to_string(&thresholds).expect("serializes"), written);
    }
}
