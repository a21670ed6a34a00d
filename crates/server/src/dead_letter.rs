//! Dead letters: what was given up, and bringing it back.

use axum::extract::State;
use domain::MessageId;
use domain::delivery::Verb;
use engine::Engine;
use uuid::Uuid;

use crate::extract::{Caller, Json, Path, Query};
use crate::problem::Answer;
use crate::shape;

/// `GET /api/v1/dead-letters`
pub(crate) async fn list(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Query(query): Query<protocol::DeadLettersQuery>,
) -> Answer<Json<protocol::Page<protocol::InboxItem>>> {
    let page = shape::page::ask(query.limit, query.after);
    let letters = engine.dead_letters(&caller, query.agent.as_deref(), &page).await?;
    Ok(Json(shape::page::page(letters, shape::inbox::item)))
}

/// `POST /api/v1/dead-letters/{message_id}/{agent}/redrive`
pub(crate) async fn redrive(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Path((message, agent)): Path<(Uuid, String)>,
) -> Answer<Json<protocol::Delivery>> {
    let delivery = engine.settle(&caller, &agent, MessageId(message), Verb::Redrive).await?;
    Ok(Json(shape::inbox::delivery(delivery)))
}
