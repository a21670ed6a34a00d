use axum::extract::FromRequestParts;
use http::header::HeaderName;
use http::request::Parts;

use super::header::only;
use crate::problem::ApiError;

/// The header that makes a retry safe.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The `Idempotency-Key` header.
#[derive(Debug)]
pub(crate) struct Idempotency(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for Idempotency {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // What is not visible ASCII becomes something that is refused as such.
        let key = only(&parts.headers, &IDEMPOTENCY_KEY)?;
        Ok(Self(key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned())))
    }
}
