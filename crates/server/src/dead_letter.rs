//! Dead letters: what was given up, and bringing it back.

use domain::MessageId;
use domain::delivery::Verb;
use uuid::Uuid;

use crate::extract::{Json, Path, Query, Session};
use crate::problem::Answer;
use protocol::shape;

/// `GET /api/v1/dead-letters`
pub(crate) async fn list(
    Session(session): Session,
    Query(query): Query<protocol::DeadLettersQuery>,
) -> Answer<Json<protocol::Page<protocol::InboxItem>>> {
    let page = shape::page::ask(query.limit, query.after);
    let letters = session.dead_letters(query.agent.as_deref(), &page).await?;
    Ok(Json(shape::page::page(letters, shape::inbox::item)))
}

/// `POST /api/v1/dead-letters/{message_id}/{agent}/redrive`
pub(crate) async fn redrive(
    Session(session): Session,
    Path((message, agent)): Path<(Uuid, String)>,
) -> Answer<Json<protocol::Delivery>> {
    let delivery = session.settle(&agent, MessageId(message), Verb::Redrive).await?;
    Ok(Json(shape::inbox::delivery(delivery)))
}
