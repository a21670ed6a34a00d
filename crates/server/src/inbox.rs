//! Inboxes: looking, receiving, and settling what was received.

use axum::Extension;
use domain::MessageId;
use domain::delivery::Verb;
use uuid::Uuid;

use crate::extract::{Json, OptionalJson, Path, Query, Session};
use crate::problem::Answer;
use crate::wire::{self, Peer};
use protocol::shape;

/// `GET /api/v1/agents/{agent}/inbox`
pub(crate) async fn show(
    Session(session): Session,
    Path(agent): Path<String>,
    Query(query): Query<protocol::InboxQuery>,
) -> Answer<Json<protocol::Inbox>> {
    let states: Vec<_> = query.state.unwrap_or_default().0;
    let page = shape::page::ask(query.limit, query.after);
    Ok(Json(shape::inbox::inbox(session.inbox(&agent, &states, &page).await?)))
}

/// `POST /api/v1/agents/{agent}/inbox/receive`
pub(crate) async fn receive(
    Session(session): Session,
    peer: Option<Extension<Peer>>,
    Path(agent): Path<String>,
    OptionalJson(request): OptionalJson<protocol::Receive>,
) -> Answer<Json<protocol::ReceivedList>> {
    let receiving = shape::inbox::receive(request)?;
    let gone = wire::sends_no_more(peer.map(|Extension(peer)| peer));
    let items = session.receive_while(&agent, receiving, gone).await?;
    Ok(Json(protocol::ReceivedList { deliveries: items.iter().map(shape::inbox::received).collect() }))
}

type Delivery = (String, Uuid);

/// `POST /api/v1/agents/{agent}/inbox/{message_id}/ack`
pub(crate) async fn ack(
    Session(session): Session,
    Path(delivery): Path<Delivery>,
    OptionalJson(request): OptionalJson<protocol::Ack>,
) -> Answer<Json<protocol::Delivery>> {
    settle(&session, delivery, shape::inbox::ack(request)?).await
}

/// `POST /api/v1/agents/{agent}/inbox/{message_id}/nack`
pub(crate) async fn nack(
    Session(session): Session,
    Path(delivery): Path<Delivery>,
    Json(request): Json<protocol::Nack>,
) -> Answer<Json<protocol::Delivery>> {
    settle(&session, delivery, shape::inbox::nack(request)?).await
}

/// `POST /api/v1/agents/{agent}/inbox/{message_id}/extend`
pub(crate) async fn extend(
    Session(session): Session,
    Path(delivery): Path<Delivery>,
    Json(request): Json<protocol::Extend>,
) -> Answer<Json<protocol::Delivery>> {
    settle(&session, delivery, shape::inbox::extend(request)?).await
}

/// `POST /api/v1/agents/{agent}/inbox/{message_id}/defer`
pub(crate) async fn defer(
    Session(session): Session,
    Path(delivery): Path<Delivery>,
    OptionalJson(request): OptionalJson<protocol::Defer>,
) -> Answer<Json<protocol::Delivery>> {
    let verb = shape::inbox::defer(request, session.now())?;
    settle(&session, delivery, verb).await
}

/// `POST /api/v1/agents/{agent}/inbox/{message_id}/terminate`
pub(crate) async fn terminate(
    Session(session): Session,
    Path(delivery): Path<Delivery>,
    Json(request): Json<protocol::Terminate>,
) -> Answer<Json<protocol::Delivery>> {
    settle(&session, delivery, shape::inbox::terminate(request)?).await
}

async fn settle(session: &engine::Session, (agent, message): Delivery, verb: Verb) -> Answer<Json<protocol::Delivery>> {
    let delivery = session.settle(&agent, MessageId(message), verb).await?;
    Ok(Json(shape::inbox::delivery(delivery)))
}
