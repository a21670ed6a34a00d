//! Server-sent events: the log and an inbox, as they grow.

use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::{Code, Refusal};
use futures_util::{Stream, StreamExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use serde::Serialize;

use crate::app::App;
use crate::event::position;
use crate::extract::{Path, Query, Session, only};
use crate::problem::{Answer, ApiError};
use crate::request_id::RequestId;
use crate::sse::{self, Events};
use crate::wire::{self, Peer};
use protocol::shape;

/// How long a client should pause before it connects again, in milliseconds.
const RETRY: &[u8] = b"retry: 1000\n\n";

/// Tells proxies to pass events on as they come.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Where an interrupted stream goes on, in a request; where a stream begins, in an answer.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The `Last-Event-ID` header: where an interrupted stream goes on.
pub(crate) struct LastEventId(Option<i64>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(header) = only(&parts.headers, &LAST_EVENT_ID)? else { return Ok(Self(None)) };
        let text = header.to_str().unwrap_or("?").trim();
        if text.is_empty() {
            // What a browser sends that has seen no id.
            return Ok(Self(None));
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::field(Code::InvalidField, "Last-Event-ID", "must be the id of an event").into());
        }
        Ok(Self(Some(text.parse().unwrap_or(i64::MAX))))
    }
}

/// `GET /api/v1/events/stream`
pub(crate) async fn events(
    State(app): State<App>,
    Session(session): Session,
    caller: (RequestId, Option<Extension<Peer>>),
    LastEventId(last): LastEventId,
    Query(query): Query<protocol::EventsQuery>,
) -> Answer<Response> {
    let filter = shape::event::filter(query.kind.as_deref(), query.agent, query.message)?;
    let after = match last.or(query.after.map(position)) {
        Some(after) => after,
        None => session.head().await?.seq,
    };
    let tenant = session.tenant();
    let events = session.follow_events(filter, after).await?;
    let events = events.map(move |event| event.map(|event| (event.seq, shape::event::event(event, &tenant))));
    Ok(stream(&app, caller, after, events))
}

/// Where an inbox stream begins.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InboxStreamQuery {
    /// Only messages after this position; those that come from now on when left out.
    #[param(example = 1042)]
    after: Option<u64>,
}

/// `GET /api/v1/agents/{agent}/inbox/stream`
pub(crate) async fn inbox(
    State(app): State<App>,
    Session(session): Session,
    caller: (RequestId, Option<Extension<Peer>>),
    Path(agent): Path<String>,
    LastEventId(last): LastEventId,
    Query(query): Query<InboxStreamQuery>,
) -> Answer<Response> {
    let after = last.or(query.after.map(position));
    let (after, items) = session.follow_inbox(&agent, after).await?;
    Ok(stream(&app, caller, after, items.map(|item| item.map(|(seq, item)| (seq, shape::inbox::item(item))))))
}

/// Streams items with their positions until the engine drains or fails. Where the session ends, its last event is a `problem`
/// that says why. Where the reader takes nothing while events wait, it is `dropped`.
///
/// Its `Last-Event-ID` header says where it begins: a client that is interrupted before the first item resumes there.
fn stream<T: Serialize + 'static>(
    app: &App,
    (id, peer): (RequestId, Option<Extension<Peer>>),
    after: i64,
    items: impl Stream<Item = Result<(i64, T), engine::Error>> + Send + 'static,
) -> Response {
    let hint = futures_util::stream::once(async { Bytes::from_static(RETRY) });
    let events = items
        .map(move |item| written(item, &id))
        .take_while(|event| std::future::ready(event.is_some()))
        .filter_map(std::future::ready)
        .take_until(wire::sends_no_more(peer.map(|Extension(peer)| peer)));
    let events = Events::new(hint.chain(events), app.pace);
    let mut response = Body::from_stream(events).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.headers_mut().insert(LAST_EVENT_ID, HeaderValue::from(after));
    response.headers_mut().insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// One item as an event; none, and so the end, where the engine failed.
fn written<T: Serialize>(item: Result<(i64, T), engine::Error>, id: &RequestId) -> Option<Bytes> {
    match item {
        Ok((seq, item)) => sse::event("id", &seq.to_string(), &item),
        Err(error) => {
            let ApiError { refusal, cause } = ApiError::from(error);
            let Some(error) = cause else {
                return sse::event("event", "problem", &shape::problem::problem(&refusal, id.as_str()));
            };
            tracing::error!(problem.code = refusal.code.as_str(), error, "a stream broke off");
            None
        }
    }
}
