//! Attachments: bytes that messages carry, stored and fetched as a stream.

mod disposition;
mod range;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::attachment::Attachment;
use domain::{Code, Digest, Refusal};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use crate::app::App;
use crate::extract::{Json, Path, Session, body_stream, check_coding, only};
use crate::problem::{Answer, ApiError};
use protocol::shape;

/// What a media type is that nobody named.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// `POST /api/v1/attachments`
pub(crate) async fn store(
    State(app): State<App>,
    Session(session): Session,
    request: Request,
) -> Answer<(StatusCode, Json<protocol::StoredAttachment>)> {
    check_coding(request.headers())?;
    let media_type = media_type(request.headers())?;
    only(request.headers(), &header::CONTENT_DISPOSITION)?;
    let name = text(request.headers(), &header::CONTENT_DISPOSITION).and_then(disposition::name);
    check_size(request.headers(), session.config().limits.attachment_bytes.0)?;
    let bytes = body_stream(request.into_body(), app);
    let (attachment, fresh) = session.store_attachment(media_type, name, bytes).await?;
    let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(shape::attachment::stored(attachment))))
}

/// The media type as it is given; what is none is refused as such.
fn media_type(headers: &HeaderMap) -> Result<String, ApiError> {
    let given = only(headers, &header::CONTENT_TYPE)?;
    Ok(given.map_or(UNKNOWN_TYPE, |given| given.to_str().unwrap_or_default()).to_owned())
}

/// Refuses what says beforehand that it is too large; what does not say so is counted as it comes.
fn check_size(headers: &HeaderMap, allowed: u64) -> Result<(), Refusal> {
    let announced = text(headers, &header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    match announced {
        Some(bytes) if bytes > allowed => {
            let why = format!("The attachment has {bytes} bytes; {allowed} are allowed.");
            Err(Refusal::new(Code::AttachmentTooLarge, why))
        }
        _ => Ok(()),
    }
}

/// `GET` and `HEAD` of `/api/v1/attachments/{sha256}`
pub(crate) async fn fetch(
    Session(session): Session,
    Path(sha256): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let digest: Digest = sha256.parse().map_err(|_| Refusal::not_found("attachment", &sha256))?;
    let attachment = session.attachment(digest).await?;
    let etag = format!("\"{}\"", attachment.sha256);
    if text(&headers, &header::IF_NONE_MATCH).is_some_and(|tags| matches(tags, &etag)) {
        return Ok((StatusCode::NOT_MODIFIED, cached(&etag)).into_response());
    }
    let fresh = text(&headers, &header::IF_RANGE).is_none_or(|tag| tag == etag);
    let asked = text(&headers, &header::RANGE).filter(|_| fresh && method == Method::GET);
    let Ok(range) = range::parse(asked, attachment.size) else { return Ok(unsatisfiable(attachment.size)) };
    // Also to show only what is there, it is opened: what is damaged is said to be so.
    let read = if method == Method::HEAD { Some(0..0) } else { range.clone() };
    let bytes = session.open_attachment(digest, read).await?.1;
    let body = if method == Method::HEAD { Body::empty() } else { Body::from_stream(bytes) };
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let (start, end) = range.map_or((0, attachment.size), |range| (range.start, range.end));
    let mut response = (status, cached(&etag), body).into_response();
    describe(response.headers_mut(), &attachment, end - start);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {start}-{}/{}", end - 1, attachment.size);
        set(response.headers_mut(), header::CONTENT_RANGE, &range);
    }
    Ok(response)
}

fn unsatisfiable(size: u64) -> Response {
    let detail = format!("The attachment has {size} bytes.");
    let mut response = ApiError::new(Code::RangeNotSatisfiable, detail).into_response();
    set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

/// The same bytes for ever, but not for everybody.
fn cached(etag: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    set(&mut headers, header::ETAG, etag);
    set(&mut headers, header::VARY, "authorization");
    set(&mut headers, header::CACHE_CONTROL, "private, max-age=31536000, immutable");
    headers
}

/// Says what it is, in a way that no browser shows or runs it.
fn describe(headers: &mut HeaderMap, attachment: &Attachment, length: u64) {
    set(headers, header::CONTENT_TYPE, &attachment.media_type);
    set(headers, header::CONTENT_DISPOSITION, &disposition::write(attachment.name.as_deref()));
    set(headers, header::ACCEPT_RANGES, "bytes");
    set(headers, header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
}

/// Whether a list of entity tags has this one.
fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}
