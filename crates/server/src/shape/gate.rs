use domain::gate::{GateResult, Gates, OnFailure, Threshold};

use super::word;

/// The gates in force.
pub(crate) fn gates(gates: Gates) -> protocol::Gates {
    protocol::Gates {
        enabled: gates.enabled,
        thresholds: gates.thresholds.into_iter().map(|(gate, bounds)| (gate, threshold(bounds))).collect(),
        applies_to: gates.applies_to.into_iter().map(word::kind).collect(),
        on_failure: word::on_failure(gates.on_failure),
    }
}

const fn threshold(threshold: Threshold) -> protocol::Threshold {
    protocol::Threshold { min: threshold.min, max: threshold.max }
}

/// What one gate found.
pub(crate) fn result(result: &GateResult) -> protocol::GateResult {
    protocol::GateResult {
        gate: result.gate.clone(),
        threshold: threshold(result.threshold),
        actual: result.actual,
        passed: result.passed,
    }
}

/// What the gates would say.
pub(crate) fn evaluation(results: &[GateResult], on_failure: OnFailure) -> protocol::GateEvaluation {
    protocol::GateEvaluation {
        passed: results.iter().all(|result| result.passed),
        gates: results.iter().map(result).collect(),
        on_failure: word::on_failure(on_failure),
    }
}
