use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Kind, OnFailure};

/// The quality gates in force.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "enabled": true, "thresholds": {"test_coverage": {"min": 0.8}}, "applies_to": ["complete"], "on_failure": "reject"
}))]
pub struct Gates {
    /// Whether anything is checked at all.
    #[schema(example = true)]
    pub enabled: bool,
    /// The limit of each metric.
    #[schema(example = json!({"test_coverage": {"min": 0.8}}))]
    pub thresholds: BTreeMap<String, Threshold>,
    /// The kinds of message that must carry evidence for every threshold.
    pub applies_to: Vec<Kind>,
    /// What happens to a message that fails.
    pub on_failure: OnFailure,
}

/// The bounds of a metric, both inclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"min": 0.8}))]
pub struct Threshold {
    /// The least that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 0.8)]
    pub min: Option<f64>,
    /// The most that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 0.05)]
    pub max: Option<f64>,
}

/// What one gate found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"gate": "test_coverage", "threshold": {"min": 0.8}, "actual": 0.7, "passed": false}))]
pub struct GateResult {
    /// The metric.
    #[schema(example = "test_coverage")]
    pub gate: String,
    /// Its bounds.
    pub threshold: Threshold,
    /// The evidence; `null` when it is missing.
    #[schema(required = true, example = 0.7)]
    pub actual: Option<f64>,
    /// Whether the evidence is within the bounds.
    #[schema(example = false)]
    pub passed: bool,
}

/// Asks what the gates would say, without sending.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "complete", "evidence": {"test_coverage": 0.7}}))]
pub struct EvaluateGates {
    /// The kind of the message; `complete` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// What was measured, by metric.
    #[serde(default, deserialize_with = "crate::ijson::numbers")]
    #[schema(example = json!({"test_coverage": 0.7}))]
    pub evidence: BTreeMap<String, f64>,
}

/// What the gates would say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "passed": false, "on_failure": "reject",
    "gates": [{"gate": "test_coverage", "threshold": {"min": 0.8}, "actual": 0.7, "passed": false}]
}))]
pub struct GateEvaluation {
    /// Whether a message with this evidence would go out as it is.
    #[schema(example = false)]
    pub passed: bool,
    /// Each gate that looked.
    pub gates: Vec<GateResult>,
    /// What would happen on a failure.
    pub on_failure: OnFailure,
}
