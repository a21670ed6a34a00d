use axum::extract::FromRequestParts;
use domain::{Code, Refusal};
use engine::{Credentials, Error};
use http::header::{AUTHORIZATION, HeaderMap};
use http::request::Parts;

use super::BodyRoom;
use super::header::only;
use crate::app::App;
use crate::problem::ApiError;
use crate::rate::Counted;

/// The session of who is calling, as its key says; on an open server everybody is its administrator.
#[derive(Debug)]
pub(crate) struct Session(pub(crate) engine::Session);

impl FromRequestParts<App> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let credentials = match bearer(&parts.headers)? {
            Some(key) => Credentials::bearer(key),
            None => Credentials::anonymous(app.guard.check(parts)),
        };
        let session = app.engine.session(credentials).await;
        if let Some(counted) = parts.extensions.get::<Counted>() {
            match &session {
                Ok(session) => counted.note(session.admitted().clone()),
                Err(Error::RateLimited(admitted)) => counted.note(admitted.clone()),
                Err(_) => {}
            }
        }
        let session = session?;
        if let Some(room) = parts.extensions.get::<BodyRoom>() {
            room.count_for(&session);
        }
        Ok(Self(session))
    }
}

/// The key's text; none where no key is given.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(header) = only(headers, &AUTHORIZATION)? else { return Ok(None) };
    let text = header.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty() => Ok(Some(key.trim())),
        _ => Err(Refusal::new(Code::Unauthenticated, "The Authorization header has no key.")
            .with_remedy(domain::Remedy::SendKey)
            .into()),
    }
}
