use domain::gate::{GateResult, Gates, OnFailure, Threshold};

/// The gates in force.
pub fn gates(gates: Gates) -> crate::Gates {
    crate::Gates {
        enabled: gates.enabled,
        thresholds: gates.thresholds.into_iter().map(|(gate, bounds)| (gate, threshold(bounds))).collect(),
        applies_to: gates.applies_to.into_iter().collect(),
        on_failure: gates.on_failure,
    }
}

const fn threshold(threshold: Threshold) -> crate::Threshold {
    crate::Threshold { min: threshold.min, max: threshold.max }
}

/// What one gate found.
pub fn result(result: &GateResult) -> crate::GateResult {
    crate::GateResult {
        gate: result.gate.clone(),
        threshold: threshold(result.threshold),
        actual: result.actual,
        passed: result.passed,
    }
}

/// What the gates would say.
pub fn evaluation(results: &[GateResult], on_failure: OnFailure) -> crate::GateEvaluation {
    crate::GateEvaluation {
        passed: results.iter().all(|result| result.passed),
        gates: results.iter().map(result).collect(),
        on_failure,
    }
}
