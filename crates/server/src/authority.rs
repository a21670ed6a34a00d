//! Authority: who may decide what, asking beforehand, and lending a domain.

use axum::extract::State;
use domain::{Code, Refusal};
use engine::Engine;
use http::StatusCode;

use crate::extract::{Caller, Json};
use crate::problem::Answer;
use crate::shape::{self, word};

/// `GET /api/v1/authority`
pub(crate) async fn show(State(engine): State<Engine>, Caller(caller): Caller) -> Answer<Json<protocol::Authority>> {
    Ok(Json(shape::authority::authority(engine.authority(&caller).await?)))
}

/// `POST /api/v1/authority/check`
pub(crate) async fn check(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Json(request): Json<protocol::AuthorityCheck>,
) -> Answer<Json<protocol::AuthorityDecision>> {
    let kind = word::to_kind(request.kind);
    let from = request.from.or_else(|| only_agent(&caller));
    let from = from.ok_or_else(|| Refusal::field(Code::MissingField, "from", "say which agent would send it"))?;
    let checked = engine.check_authority(&caller, &from, kind, request.domain.as_deref()).await?;
    let decision = shape::authority::decision(checked, engine.config().authority.on_violation);
    Ok(Json(decision))
}

/// The agent that a key speaks for, where it speaks for one alone.
fn only_agent(caller: &domain::key::Caller) -> Option<String> {
    match caller.readable() {
        Some([only]) => Some(only.to_string()),
        _ => None,
    }
}

/// `POST /api/v1/authority/grants`
pub(crate) async fn grant(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Json(request): Json<protocol::CreateGrant>,
) -> Answer<(StatusCode, Json<protocol::Grant>)> {
    let grant = engine.grant(&caller, shape::authority::request(request)?).await?;
    Ok((StatusCode::CREATED, Json(shape::authority::grant(grant))))
}
