//! Gates, asked without sending.

use std::collections::BTreeMap;

use domain::gate::{GateResult, Gates};
use domain::message::Kind;

use crate::Engine;

impl Engine {
    /// The gates and their thresholds.
    pub fn gates(&self) -> Gates {
        self.inner.policy.gates.clone()
    }

    /// Weighs evidence as sending a message of this kind would.
    pub fn evaluate_gates(&self, kind: Kind, evidence: &BTreeMap<String, f64>) -> Vec<GateResult> {
        self.inner.policy.gates.weigh(kind, evidence)
    }
}
