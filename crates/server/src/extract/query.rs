use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::ApiError;
use protocol::json::classify;

/// The query of an address; an unknown parameter is refused with the nearest known one.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let pairs = serde_urlencoded::Deserializer::new(form(parts.uri.query().unwrap_or_default()));
        serde_path_to_error::deserialize(pairs)
            .map(Self)
            .map_err(|error| classify(&error.path().to_string(), &error.inner().to_string(), "parameter").into())
    }
}

fn form(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

#[cfg(test)]
mod tests {
    use domain::Code;
    use http::Request;
    use protocol::MessagesQuery;

    use super::*;

    async fn told(query: &str) -> (Code, String, String) {
        let (mut parts, ()) = Request::get(format!("/?{query}")).body(()).unwrap().into_parts();
        let refused = Query::<MessagesQuery>::from_request_parts(&mut parts, &()).await.expect_err(query);
        let error = refused.refusal.errors.first().cloned().expect(query);
        (refused.refusal.code, error.field, error.why)
    }

    #[tokio::test]
    async fn parameters_are_told_apart_like_fields() {
        let table = [
            ("lmit=5", Code::UnknownField, "lmit", "unknown parameter `lmit`: did you mean `limit`?"),
            ("limit=five", Code::WrongType, "limit", "whole number"),
            ("limit=-5", Code::WrongType, "limit", "whole number"),
            ("limit=5&limit=6", Code::InvalidField, "limit", "twice"),
            ("kind=shout", Code::InvalidField, "kind", "inform, request"),
            ("thread=7", Code::InvalidField, "thread", "UUID"),
        ];
        for (query, code, field, why) in table {
            let told = told(query).await;
            assert_eq!((told.0, told.1.as_str()), (code, field), "{query}: {}", told.2);
            assert!(told.2.contains(why), "{query}: {}", told.2);
        }
    }
}
