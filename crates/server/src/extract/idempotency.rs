use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::problem::ApiError;

/// The header that makes a retry safe.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The `Idempotency-Key` header.
#[derive(Debug)]
pub(crate) struct Idempotency(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for Idempotency {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(key) = parts.headers.get(IDEMPOTENCY_KEY) else { return Ok(Self(None)) };
        // What is not visible ASCII becomes something that is refused as such.
        Ok(Self(Some(String::from_utf8_lossy(key.as_bytes()).into_owned())))
    }
}
