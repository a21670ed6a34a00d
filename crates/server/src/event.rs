//! The event log: reading it and checking its chain.

use crate::extract::{Json, Query, Session};
use crate::problem::Answer;
use protocol::shape;

/// `GET /api/v1/events`
pub(crate) async fn list(
    Session(session): Session,
    Query(query): Query<protocol::EventsQuery>,
) -> Answer<Json<protocol::Page<protocol::Event>>> {
    let page = shape::page::ask(query.limit, query.after.map(|after| position(after).to_string()));
    let filter = shape::event::filter(query.kind.as_deref(), query.agent, query.message)?;
    let events = session.events(&filter, &page).await?;
    let tenant = session.tenant();
    Ok(Json(shape::page::page(events, |event| shape::event::event(event, &tenant))))
}

/// A position as the log counts: what lies behind every position is the last one there is.
pub(crate) fn position(after: u64) -> i64 {
    i64::try_from(after).unwrap_or(i64::MAX)
}

/// `GET /api/v1/events/head`
pub(crate) async fn head(Session(session): Session) -> Answer<Json<protocol::EventsHead>> {
    let head = session.head().await?;
    Ok(Json(shape::event::head(head.seq, head.hash)))
}

/// `POST /api/v1/events/verify`
pub(crate) async fn verify(
    Session(session): Session,
    Query(query): Query<protocol::VerifyQuery>,
) -> Answer<Json<protocol::Verification>> {
    let archive = if query.archive { Some(session.verify_archive().await?) } else { None };
    let mut report = session.verify().await?;
    if query.attachments {
        let read = session.verify_attachments().await?;
        report.attachments = read.attachments;
        report.problems.extend(read.problems);
    }
    Ok(Json(shape::event::verification(report, archive)))
}
