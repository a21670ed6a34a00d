use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use domain::{Code, Refusal};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::header::only;
use crate::problem::ApiError;

/// Reads the whole body of a JSON request, up to `limit` bytes, within `time`.
///
/// Fails with `unsupported-media-type`, `request-too-large` or `upload-timeout`; a caller that breaks off gets
/// `malformed-json`, which it does not see.
pub(crate) async fn read(request: Request, limit: usize, time: Duration) -> Result<Bytes, ApiError> {
    check_coding(request.headers())?;
    check_media_type(request.headers())?;
    let body = request.into_body();
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    tokio::time::timeout(time, collect(body, limit)).await.unwrap_or_else(|_| {
        Err(Refusal::new(Code::UploadTimeout, "The body did not arrive in time.")
            .with_remedy("Send the whole body at once.")
            .into())
    })
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(_) => Err(ApiError::new(Code::MalformedJson, "The body broke off.")),
    }
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
