use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::read_body;
use protocol::json::read;

use crate::app::App;
use crate::heavy::{Light, Unwritten};
use crate::problem::ApiError;

/// What the usual answer takes; a larger one grows.
const USUAL_BYTES: usize = 1_024;

/// A JSON object, in both directions. As a request it is bounded by `limits.request_bytes`, and what is wrong with it is
/// told with the field's path.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON object that may also be left out: no body at all is the object without fields.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Send + 'static> FromRequest<App> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let bytes = read_body(request, app, app.request_bytes).await?;
        Ok(Self(parsed(app, bytes).await?))
    }
}

impl<T: DeserializeOwned + Default + Send + 'static> FromRequest<App> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let bytes = read_body(request, app, app.request_bytes).await?;
        if bytes.is_empty() { Ok(Self(T::default())) } else { Ok(Self(parsed(app, bytes).await?)) }
    }
}

/// Reads JSON; where it is large, beside the request threads.
pub(crate) async fn parsed<T: DeserializeOwned + Send + 'static>(app: &App, bytes: Bytes) -> Result<T, ApiError> {
    Ok(app.heavy.run(bytes.len(), move || read(&bytes)).await??)
}

impl<T: Serialize + Send + 'static> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut bytes = Light(Vec::with_capacity(USUAL_BYTES));
        match serde_json::to_writer(&mut bytes, &self.0) {
            Err(error) if error.is_io() => {
                let mut response = Response::default();
                response.extensions_mut().insert(Unwritten::of(self.0));
                response
            }
            Ok(()) => {
                let mut response = Response::new(bytes.0.into());
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => {
                let mut refused = ApiError::new(domain::Code::Internal, "The answer could not be written.");
                refused.cause = Some(error.to_string());
                refused.into_response()
            }
        }
    }
}
