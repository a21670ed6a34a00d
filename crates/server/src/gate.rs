//! Quality gates: what is asked of finished work.

use axum::extract::State;
use domain::message::Kind;
use engine::Engine;

use crate::extract::{Caller, Json, Lenient};
use crate::problem::Answer;
use crate::shape::{self, word};

/// `GET /api/v1/gates`
pub(crate) async fn show(State(engine): State<Engine>, Caller(_): Caller) -> Answer<Json<protocol::Gates>> {
    Ok(Json(shape::gate::gates(engine.gates())))
}

/// `POST /api/v1/gates/evaluate`
pub(crate) async fn evaluate(
    State(engine): State<Engine>,
    Caller(_): Caller,
    Lenient(request): Lenient<protocol::EvaluateGates>,
) -> Answer<Json<protocol::GateEvaluation>> {
    let kind = request.kind.map_or(Kind::Complete, word::to_kind);
    let results = engine.evaluate_gates(kind, &request.evidence);
    let on_failure = engine.config().quality_gates.on_failure;
    Ok(Json(shape::gate::evaluation(&results, on_failure)))
}
