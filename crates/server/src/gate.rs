//! Quality gates: what is asked of finished work.

use domain::message::Kind;

use crate::extract::{Json, OptionalJson, Session};
use crate::problem::Answer;
use protocol::shape;

/// `GET /api/v1/gates`
pub(crate) async fn show(Session(session): Session) -> Answer<Json<protocol::Gates>> {
    Ok(Json(shape::gate::gates(session.gates().await?)))
}

/// `POST /api/v1/gates/evaluate`
pub(crate) async fn evaluate(
    Session(session): Session,
    OptionalJson(request): OptionalJson<protocol::EvaluateGates>,
) -> Answer<Json<protocol::GateEvaluation>> {
    let kind = request.kind.unwrap_or(Kind::Complete);
    let results = session.evaluate_gates(kind, &request.evidence).await?;
    let on_failure = session.config().quality_gates.on_failure;
    Ok(Json(shape::gate::evaluation(&results, on_failure)))
}
