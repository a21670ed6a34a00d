use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use domain::{Code, Refusal};
use engine::{BodyBytes, BoxError};
use futures_util::stream::{Stream, StreamExt, unfold};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::BodyExt;

use crate::app::App;
use crate::connection::stopped_for_long;

use super::header::only;
use crate::problem::ApiError;

/// Room for the body of one request, counted for its caller until the request is answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct BodyRoom(Arc<Mutex<Option<BodyBytes>>>);

impl BodyRoom {
    /// Counts the body for who is calling.
    pub(crate) fn count_for(&self, session: &engine::Session) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.body_bytes());
    }

    fn grow(&self, bytes: usize) -> Result<(), Refusal> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(room) => room.grow(bytes),
            None => Ok(()),
        }
    }
}

/// Reads the whole body of a JSON request, up to `limit` bytes, within the time for requests.
///
/// Fails with `unsupported-media-type`, `request-too-large`, `overloaded` or `upload-timeout`; a caller that breaks off gets
/// `malformed-json`, which it does not see.
pub(crate) async fn read(request: Request, app: &App, limit: usize) -> Result<Bytes, ApiError> {
    check_coding(request.headers())?;
    check_media_type(request.headers())?;
    let room = request.extensions().get::<BodyRoom>().cloned().unwrap_or_default();
    let body = request.into_body();
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    tokio::time::timeout(app.request_timeout, collect(body, app, limit, &room)).await.unwrap_or_else(|_| {
        Err(Refusal::new(Code::UploadTimeout, "The body did not arrive in time.")
            .with_remedy("Send the whole body at once.")
            .into())
    })
}

async fn collect(mut body: Body, app: &App, limit: usize, room: &BodyRoom) -> Result<Bytes, ApiError> {
    let mut read = BytesMut::new();
    while let Some(data) = next(&mut body, app).await? {
        if read.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        room.grow(data.len())?;
        if read.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

/// The next bytes of a body; none at its end. A body that stands still while the server ends is not waited for.
async fn next(body: &mut Body, app: &App) -> Result<Option<Bytes>, ApiError> {
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = stopped_for_long(app) => {
                let refusal = Refusal::new(Code::UploadTimeout, "The server is shutting down, and the body stands still.");
                return Err(refusal.with_remedy("Send it again, the whole body at once.").into());
            }
        };
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(_)) => return Err(ApiError::new(Code::MalformedJson, "The body broke off.")),
        }
    }
}

/// The bytes of an upload, which end with a failure where they stand still while the server ends.
pub(crate) fn stream(body: Body, app: App) -> impl Stream<Item = Result<Bytes, BoxError>> + Send {
    unfold((body.into_data_stream(), app), |(mut bytes, app)| async move {
        let next = tokio::select! {
            next = bytes.next() => next?.map_err(BoxError::from),
            () = stopped_for_long(&app) => Err("the server is shutting down".into()),
        };
        Some((next, (bytes, app)))
    })
    .fuse()
}

fn too_large(limit: usize) -> ApiError {
    Refusal::new(Code::RequestTooLarge, format!("The body is larger than {limit} bytes."))
        .with_remedy("Send less at once; store large contents with POST /api/v1/attachments.")
        .into()
}

/// Fails with `unsupported-media-type` where the body is compressed or coded in another way: no coding is taken here.
pub(crate) fn check_coding(headers: &HeaderMap) -> Result<(), ApiError> {
    let coded = headers.get_all(CONTENT_ENCODING).iter().find_map(|given| {
        let codings = given.to_str().unwrap_or("?").split(',').map(str::trim);
        codings.into_iter().find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
    });
    let Some(coding) = coded else { return Ok(()) };
    let shown: String = coding.chars().take(80).collect();
    let detail = format!("The body has the content coding `{shown}`; this server takes none but `identity`.");
    Err(Refusal::new(Code::UnsupportedMediaType, detail)
        .with_remedy("Send the bytes as they are, without `Content-Encoding`; a compressed file is a media type, as in `Content-Type: application/gzip`.")
        .into())
}

/// JSON, whatever its flavour, or nothing said.
fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(given) = only(headers, &CONTENT_TYPE)? else { return Ok(()) };
    let text = given.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let json = |end: &str| essence.len() >= end.len() && essence[essence.len() - end.len()..].eq_ignore_ascii_case(end);
    if essence.is_ascii() && (essence.eq_ignore_ascii_case("application/json") || json("+json")) {
        return Ok(());
    }
    let shown: String = text.chars().take(80).collect();
    Err(Refusal::new(Code::UnsupportedMediaType, format!("The body is `{shown}`, and JSON is read here."))
        .with_remedy("Send `Content-Type: application/json`.")
        .into())
}
