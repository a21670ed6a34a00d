//! Refusals on the wire: RFC 9457 `application/problem+json`, made in one place.

pub(crate) mod page;

use axum::response::{IntoResponse, Response};
use domain::{Code, Refusal};
use http::StatusCode;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use crate::request_id::RequestId;
use protocol::shape;

use protocol::problems::status;

/// What a handler answers with: a value, or why not.
pub(crate) type Answer<T> = Result<T, ApiError>;

/// A refusal on its way to the wire. It becomes a problem when the request's id is known, at the outermost layer.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    /// What the caller is told.
    pub(crate) refusal: Box<Refusal>,
    /// What only the log is told: the chain of causes of a failure of ours.
    pub(crate) cause: Option<String>,
}

impl ApiError {
    /// A error with a code and a sentence.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Refusal::new(code, detail).into()
    }

    /// What was asked for is not there, or not for this caller to know.
    pub(crate) fn not_found(path: &str) -> Self {
        let shown: String = path.chars().take(200).collect();
        Self::new(Code::NotFound, format!("There is nothing at `{shown}`."))
    }

    /// A part of the path is to be an id and is none.
    pub(crate) fn no_id(path: &str) -> Self {
        let mut error = Self::not_found(path);
        error.refusal.detail.push_str(" An id is a UUID, as in `01982f3c-7b1a-7c00-8000-5f0d8a3c1e42`.");
        error.refusal.remedy = Some(Box::new("Give the id as the answer that made it says it.".into()));
        error
    }

    /// The path exists, the method does not.
    pub(crate) fn method_not_allowed(allowed: &str) -> Self {
        Self::new(Code::MethodNotAllowed, format!("This path takes {allowed}."))
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self { refusal: Box::new(refusal), cause: None }
    }
}

impl From<engine::Error> for ApiError {
    fn from(error: engine::Error) -> Self {
        let refusal = error.refusal();
        let cause = status(refusal.code).is_server_error().then(|| chain(&error));
        Self { refusal: Box::new(refusal), cause }
    }
}

/// An error and all its sources in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = status(self.refusal.code).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes a error as the problem answer of this request; headers that `response` has already are kept.
pub(crate) fn write(error: &ApiError, id: &RequestId, response: &mut Response) {
    let problem = shape::problem::problem(&error.refusal, id.as_str());
    let status = status(error.refusal.code);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"coordination\""));
    }
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    headers.remove(http::header::CONTENT_LENGTH);
    *response.status_mut() = status;
    *response.body_mut() = serde_json::to_vec(&problem).unwrap_or_default().into();
}
