//! Threads: the messages of one conversation.

use domain::MessageId;
use uuid::Uuid;

use crate::extract::{Json, Path, Query, Session};
use crate::problem::Answer;
use protocol::shape;

/// `GET /api/v1/threads/{thread_id}`
pub(crate) async fn show(
    Session(session): Session,
    Path(id): Path<Uuid>,
    Query(query): Query<protocol::ThreadQuery>,
) -> Answer<Json<protocol::Thread>> {
    let wait = shape::decision::wait(query.wait)?;
    let page = shape::page::ask(query.limit, query.after);
    let first = page.after.is_none();
    let messages = session.thread(MessageId(id), &page, wait).await?;
    let subject = match messages.items.first() {
        Some(item) if first => item.message.subject.clone(),
        _ => session.message(MessageId(id)).await.map(|view| view.message.subject.clone()).unwrap_or_default(),
    };
    let protocol::Page { items, next } = shape::page::page(messages, shape::message::message);
    Ok(Json(protocol::Thread { thread_id: id, subject, items, next }))
}
