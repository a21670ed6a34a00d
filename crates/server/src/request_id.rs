//! Request ids: one for every answer, in its header, its problem and the log.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;

use crate::problem::ApiError;

/// The header that carries it, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Characters of an id that a caller may give.
const CHARS_MAX: usize = 128;

/// The id of one request: the caller's own where it gave a sane one (1 to 128 visible ASCII characters).
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as a header's value.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(parts.extensions.get().cloned().unwrap_or_else(|| Self(HeaderValue::from_static("-"))))
    }
}

/// Makes ids: a part that differs from start to start, and a count.
#[derive(Debug)]
pub(crate) struct RequestIds {
    start: u64,
    count: AtomicU64,
}

impl RequestIds {
    /// Begins a new row of ids.
    pub(crate) fn new() -> Self {
        Self { start: RandomState::new().hash_one("request"), count: AtomicU64::new(0) }
    }

    /// The caller's own id where it gave a sane one, else a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> RequestId {
        headers.get(X_REQUEST_ID).filter(|id| is_sane(id)).cloned().map_or_else(|| self.next(), RequestId)
    }

    fn next(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        // Not with `format!`: its machinery would cost several times as much, for every request.
        let mut text = [b'-'; 33];
        let written = hex::encode_to_slice(self.start.to_be_bytes(), &mut text[..16])
            .and_then(|()| hex::encode_to_slice(count.to_be_bytes(), &mut text[17..]));
        debug_assert_eq!(written, Ok(()), "both numbers fill their places");
        RequestId(HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static("-")))
    }
}

fn is_sane(id: &HeaderValue) -> bool {
    (1..=CHARS_MAX).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_is_kept_and_another_is_replaced() {
        let ids = RequestIds::new();
        let given = |id: &str| {
            let headers = HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_bytes(id.as_bytes()).unwrap())]);
            ids.of(&headers).as_str().to_owned()
        };
        assert_eq!(given("build-7/42"), "build-7/42");
        for bad in ["", "two words", &"x".repeat(129), "caf\u{e9}"] {
            assert_ne!(given(bad), bad);
        }
        assert_ne!(ids.of(&HeaderMap::new()).as_str(), ids.of(&HeaderMap::new()).as_str());
    }
}
