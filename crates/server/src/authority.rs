//! Authority: who may decide what, asking beforehand, and lending a domain.

use domain::{Code, MessageId, Refusal};
use engine::AuthorityCheck;
use http::StatusCode;

use crate::extract::{Json, Session};
use crate::problem::Answer;
use protocol::shape;

/// `GET /api/v1/authority`
pub(crate) async fn show(Session(session): Session) -> Answer<Json<protocol::Authority>> {
    Ok(Json(shape::authority::authority(session.authority().await?)))
}

/// `POST /api/v1/authority/check`
pub(crate) async fn check(
    Session(session): Session,
    Json(request): Json<protocol::AuthorityCheck>,
) -> Answer<Json<protocol::AuthorityDecision>> {
    let kind = request.kind;
    let from = request.from.or_else(|| session.only_agent().map(ToString::to_string));
    let from = from.ok_or_else(|| Refusal::field(Code::MissingField, "from", "say which agent would send it"))?;
    let (domain, in_reply_to) = (request.domain, request.in_reply_to.map(MessageId));
    let checked = session.check_authority(AuthorityCheck { agent: from, kind, domain, in_reply_to }).await?;
    let decision = shape::authority::decision(checked, session.config().authority.on_violation);
    Ok(Json(decision))
}

/// `POST /api/v1/authority/grants`
pub(crate) async fn grant(
    Session(session): Session,
    Json(request): Json<protocol::CreateGrant>,
) -> Answer<(StatusCode, Json<protocol::Grant>)> {
    let grant = session.grant(shape::authority::request(request)?).await?;
    Ok((StatusCode::CREATED, Json(shape::authority::grant(grant))))
}
