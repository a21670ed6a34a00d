use axum::extract::FromRequestParts;
use domain::{Code, Refusal};
use http::header::{AUTHORIZATION, HeaderMap};
use http::request::Parts;

use crate::face::Face;
use crate::problem::Fault;
use crate::rate::Counted;

/// Who is calling, as its key says; on an open server everybody is its administrator.
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) domain::key::Caller);

impl FromRequestParts<Face> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Fault> {
        let caller = face.engine.authenticate(bearer(&parts.headers)?).await?;
        if caller.key.is_none() {
            face.guard.check(parts)?;
        }
        if let Some(counted) = parts.extensions.get::<Counted>().cloned() {
            let admitted = face.engine.admit(&caller).await;
            let refusal = admitted.refusal();
            counted.note(admitted);
            if let Some(refusal) = refusal {
                return Err(refusal.into());
            }
        }
        Ok(Self(caller))
    }
}

/// The key's text; none where no key is given.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let text = header.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty() => Ok(Some(key.trim())),
        _ => Err(Refusal::new(Code::Unauthenticated, "The Authorization header has no key.")
            .with_remedy("Send `Authorization: Bearer coord_...`.")),
    }
}
