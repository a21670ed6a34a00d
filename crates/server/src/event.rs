//! The event log: reading it and checking its chain.

use axum::extract::State;
use engine::Engine;

use crate::extract::{Caller, Json, Query};
use crate::problem::Answer;
use crate::shape;

/// `GET /api/v1/events`
pub(crate) async fn list(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Query(query): Query<protocol::EventsQuery>,
) -> Answer<Json<protocol::Page<protocol::Event>>> {
    let page = shape::page::ask(query.limit, query.after.map(|after| position(after).to_string()));
    let filter = shape::event::filter(query.kind.as_deref(), query.agent, query.message)?;
    let events = engine.events(&caller, &filter, &page).await?;
    let tenant = engine.tenant_name(caller.tenant);
    Ok(Json(shape::page::page(events, |event| shape::event::event(event, &tenant))))
}

/// A position as the log counts: what lies behind every position is the last one there is.
pub(crate) fn position(after: u64) -> i64 {
    i64::try_from(after).unwrap_or(i64::MAX)
}

/// `GET /api/v1/events/head`
pub(crate) async fn head(State(engine): State<Engine>, Caller(caller): Caller) -> Answer<Json<protocol::EventsHead>> {
    let head = engine.head(&caller).await?;
    Ok(Json(shape::event::head(head.seq, head.hash)))
}

/// `POST /api/v1/events/verify`
pub(crate) async fn verify(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Query(query): Query<protocol::VerifyQuery>,
) -> Answer<Json<protocol::Verification>> {
    let archive = if query.archive { Some(engine.verify_archive(&caller).await?) } else { None };
    Ok(Json(shape::event::verification(engine.verify(&caller).await?, archive)))
}
