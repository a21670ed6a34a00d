//! Decisions: what waits for whom, waiting for one, deciding and withdrawing.

use domain::MessageId;
use engine::DecisionsQuery;
use uuid::Uuid;

use crate::extract::{Json, OptionalJson, Path, Query, Session};
use crate::problem::Answer;
use protocol::shape;

/// `GET /api/v1/decisions`
pub(crate) async fn list(
    Session(session): Session,
    Query(query): Query<protocol::DecisionsQuery>,
) -> Answer<Json<protocol::Page<protocol::Decision>>> {
    let page = shape::page::ask(query.limit, query.after);
    let states = query.state.unwrap_or_default().0;
    let wanted = DecisionsQuery { states, asked_of: query.for_, asked_by: query.from, domain: query.domain };
    Ok(Json(shape::page::page(session.decisions(wanted, &page).await?, shape::decision::decision)))
}

/// `GET /api/v1/messages/{message_id}/decision`
pub(crate) async fn show(
    Session(session): Session,
    Path(id): Path<Uuid>,
    Query(query): Query<protocol::WaitQuery>,
) -> Answer<Json<protocol::Decision>> {
    let wait = shape::decision::wait(query.wait)?;
    Ok(Json(shape::decision::decision(session.decision(MessageId(id), wait).await?)))
}

/// `POST /api/v1/messages/{message_id}/decision`
pub(crate) async fn decide(
    Session(session): Session,
    Path(id): Path<Uuid>,
    Json(request): Json<protocol::Decide>,
) -> Answer<Json<protocol::Decision>> {
    let deciding = shape::decision::deciding(request)?;
    Ok(Json(shape::decision::decision(session.decide(MessageId(id), deciding).await?)))
}

/// `POST /api/v1/messages/{message_id}/withdraw`
pub(crate) async fn withdraw(
    Session(session): Session,
    Path(id): Path<Uuid>,
    OptionalJson(request): OptionalJson<protocol::Withdraw>,
) -> Answer<Json<protocol::Decision>> {
    let withdrawing = shape::decision::withdrawing(request);
    Ok(Json(shape::decision::decision(session.decide(MessageId(id), withdrawing).await?)))
}
