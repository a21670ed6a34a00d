use crate::{Answer, Client, Error};
use protocol::{EvaluateGates, GateEvaluation, Gates};

impl Client {
    /// Fetches the gates in force: `GET /api/v1/gates`.
    pub async fn gates(&self) -> Result<Answer<Gates>, Error> {
        self.answer(self.get(&["api", "v1", "gates"])).await
    }

    /// Asks what the gates would say: `POST /api/v1/gates/evaluate`.
    pub async fn evaluate_gates(&self, evaluate: &EvaluateGates) -> Result<Answer<GateEvaluation>, Error> {
        self.answer(self.post(&["api", "v1", "gates", "evaluate"]).json(evaluate)).await
    }
}
