//! Gates, asked without sending.

use std::collections::BTreeMap;

use domain::gate::{GateResult, Gates, check_evidence};
use domain::message::Kind;

use crate::{Result, Session};

impl Session {
    /// The gates and their thresholds.
    pub async fn gates(&self) -> Result<Gates> {
        self.caller().await?;
        Ok(self.inner.policy.gates.clone())
    }

    /// Weighs evidence as sending a message of this kind would.
    pub async fn evaluate_gates(&self, kind: Kind, evidence: &BTreeMap<String, f64>) -> Result<Vec<GateResult>> {
        self.caller().await?;
        check_evidence(evidence, &self.inner.policy.limits)?;
        Ok(self.inner.policy.gates.weigh(kind, evidence))
    }
}
