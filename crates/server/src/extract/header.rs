//! Headers of which a request has one at most: two of them mean two things, and nobody may choose for the caller.

use domain::Code;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::ApiError;

/// The only header of this name; none where there is none. Fails with `repeated-header` where there are more.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, ApiError> {
    let mut given = headers.get_all(name).iter();
    let first = given.next();
    if given.next().is_none() {
        return Ok(first);
    }
    let detail = format!("The request has more than one `{name}` header, and each would mean something else.");
    Err(ApiError::new(Code::RepeatedHeader, detail))
}
