use axum::extract::FromRequestParts;
use domain::{Code, Digest, Refusal};
use engine::IdempotencyKey;
use http::request::Parts;
use sha2::{Digest as _, Sha256};

use crate::problem::Fault;

/// The header that makes a retry safe.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The `Idempotency-Key` header.
#[derive(Debug)]
pub(crate) struct Idempotency(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for Idempotency {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let Some(key) = parts.headers.get(IDEMPOTENCY_KEY) else { return Ok(Self(None)) };
        // What is not visible ASCII becomes something that is refused as such.
        Ok(Self(Some(String::from_utf8_lossy(key.as_bytes()).into_owned())))
    }
}

/// Takes the idempotency key of a message, the header's before the field's, with the fingerprint of what it stands for:
/// the SHA-256 of the message as it was understood, so that spaces and the order of fields do not matter.
pub(crate) fn fingerprint(
    header: Option<String>,
    message: &mut protocol::SendMessage,
) -> Result<Option<IdempotencyKey>, Refusal> {
    let field = message.idempotency_key.take();
    let header = header.map(|key| (key, "Idempotency-Key"));
    let Some((key, field)) = header.or_else(|| field.map(|key| (key, "idempotency_key"))) else { return Ok(None) };
    let understood = serde_json::to_vec(message)
        .map_err(|_| Refusal::field(Code::InvalidField, "evidence", "has a number that JSON cannot carry"))?;
    Ok(Some(IdempotencyKey { key, field, fingerprint: Digest(Sha256::digest(&understood).into()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Result<Option<IdempotencyKey>, Refusal> {
        fingerprint(None, &mut serde_json::from_str(body).expect(body))
    }

    #[test]
    fn the_same_message_has_the_same_fingerprint_however_it_is_written() {
        let [one, two, other] = [
            r#"{"from": "a", "to": "b", "subject": "s", "idempotency_key": "k"}"#,
            r#"{"subject":"s","to":"b","idempotency_key":"k","from":"a"}"#,
            r#"{"from": "a", "to": "b", "subject": "t", "idempotency_key": "k"}"#,
        ]
        .map(|body| of(body).unwrap().unwrap().fingerprint);
        assert_eq!(one, two);
        assert_ne!(one, other);
    }
}
