//! Messages: sending them, one or many, and reading them.

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use domain::{Code, MessageId, Refusal};
use engine::{IdempotencyKey, Sent};
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, LOCATION};
use uuid::Uuid;

use crate::app::App;
use crate::extract::{Idempotency, Json, Path, Query, Session, parsed, read_body};
use crate::problem::{Answer, ApiError};
use crate::request_id::RequestId;
use crate::trace::Trace;
use protocol::fingerprint;
use protocol::json::read;
use protocol::shape;

/// Says that an answer is the first one again.
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// `POST /api/v1/messages`
pub(crate) async fn send(
    State(app): State<App>,
    Session(session): Session,
    Idempotency(key): Idempotency,
    Trace(trace): Trace,
    Json(mut request): Json<protocol::SendMessage>,
) -> Answer<Response> {
    let bytes = request.body.len();
    let prepare = move || {
        let key = fingerprint(key, &mut request)?;
        Ok::<_, Refusal>((shape::message::draft(request, trace)?, key))
    };
    let (draft, key) = app.heavy.run(bytes, prepare).await??;
    Ok(created(session.send(draft, key).await?))
}

fn created(sent: Sent) -> Response {
    let message = shape::message::message(sent.message);
    let location = HeaderValue::try_from(format!("/api/v1/messages/{}", message.id));
    let mut response = Json(message).into_response();
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    if let Ok(location) = location {
        headers.insert(LOCATION, location);
    }
    if sent.replayed {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// `POST /api/v1/messages/batch`
pub(crate) async fn send_batch(
    State(app): State<App>,
    Session(session): Session,
    Trace(trace): Trace,
    id: RequestId,
    Batch(batch): Batch,
) -> Answer<Json<protocol::BatchResults>> {
    let bytes = batch.messages.iter().map(|raw| raw.get().len()).sum();
    let entries = move || {
        let each = batch.messages.iter().map(|raw| entry(raw.get().as_bytes(), trace.clone()));
        each.collect::<Vec<Result<_, Refusal>>>()
    };
    let read = app.heavy.run(bytes, entries).await?;
    let mut refused = Vec::new();
    let mut drafts = Vec::with_capacity(read.len());
    for entry in read {
        refused.push(entry.map(|draft| drafts.push(draft)).err());
    }
    let mut sent = session.send_batch(drafts).await?.into_iter();
    let results = refused.into_iter().enumerate().filter_map(|(index, refusal)| {
        let result = refusal.map_or_else(|| sent.next(), |refusal| Some(Err(refusal.into())))?;
        Some(result.map_or_else(
            |error| refused_entry(index, error, &id),
            |sent| protocol::BatchResult::Sent(Box::new(shape::message::message(sent.message))),
        ))
    });
    Ok(Json(protocol::BatchResults { results: results.collect() }))
}

fn entry(bytes: &[u8], trace: Option<String>) -> Result<(domain::send::Draft, Option<IdempotencyKey>), Refusal> {
    let mut request: protocol::SendMessage = read(bytes)?;
    let key = fingerprint(None, &mut request)?;
    Ok((shape::message::draft(request, trace)?, key))
}

fn refused_entry(index: usize, error: engine::Error, id: &RequestId) -> protocol::BatchResult {
    let ApiError { mut refusal, cause } = ApiError::from(error);
    if let Some(error) = cause {
        tracing::error!(request.id = id.as_str(), problem.code = refusal.code.as_str(), error, "batch entry failed");
    }
    for error in &mut refusal.errors {
        error.field = format!("messages[{index}].{}", error.field);
    }
    protocol::BatchResult::Refused(Box::new(shape::problem::problem(&refusal, id.as_str())))
}

/// The body of a batch: 1 to `limits.batch_messages` messages in `limits.batch_bytes`.
pub(crate) struct Batch(protocol::BatchRequest);

impl FromRequest<App> for Batch {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let bytes = read_body(request, app, app.batch_bytes).await?;
        let batch: protocol::BatchRequest = parsed(app, bytes).await?;
        let (count, allowed) = (batch.messages.len(), app.engine.config().limits.batch_messages);
        let refuse = |code, why: String| Err(Refusal::field(code, "messages", why).into());
        match count {
            0 => refuse(Code::InvalidField, "must have one message at least".to_owned()),
            _ if count > allowed => refuse(Code::TooManyItems, format!("has {count} messages; {allowed} are allowed")),
            _ => Ok(Self(batch)),
        }
    }
}

/// `GET /api/v1/messages`
pub(crate) async fn list(
    Session(session): Session,
    Query(mut query): Query<protocol::MessagesQuery>,
) -> Answer<Json<protocol::Page<protocol::Message>>> {
    let page = shape::page::ask(query.limit, query.after.take());
    let messages = session.messages(shape::message::filter(query)?, &page).await?;
    Ok(Json(shape::page::page(messages, shape::message::message)))
}

/// `GET /api/v1/messages/{message_id}`
pub(crate) async fn show(Session(session): Session, Path(id): Path<Uuid>) -> Answer<Json<protocol::Message>> {
    Ok(Json(shape::message::message(session.message(MessageId(id)).await?)))
}

/// `GET /api/v1/messages/{message_id}/receipts`
pub(crate) async fn receipts(Session(session): Session, Path(id): Path<Uuid>) -> Answer<Json<protocol::Receipts>> {
    Ok(Json(shape::receipt::receipts(session.receipts(MessageId(id)).await?)))
}
