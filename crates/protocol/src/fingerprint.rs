//! The fingerprint of a request: what tells, under one idempotency key, whether it is the same request again.

use domain::message::CONTENT_TYPE;
use domain::{Code, Digest, IdempotencyKey, Refusal};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{AttachmentRef, Kind, Priority, Recipients, SendMessage, Timestamp};

/// A message in the one form that all ways to write it share: defaults spelled out, one recipient as a list of one, free JSON
/// without its spaces and with its fields in order.
#[derive(Serialize)]
struct Canonical<'a> {
    from: Option<&'a str>,
    to: &'a [String],
    subject: &'a str,
    body: &'a str,
    content_type: &'a str,
    kind: Kind,
    priority: Priority,
    domain: Option<&'a str>,
    in_reply_to: Option<uuid::Uuid>,
    attachments: &'a [AttachmentRef],
    evidence: &'a std::collections::BTreeMap<String, f64>,
    metadata: Option<Value>,
    expires: [Option<&'a str>; 2],
    deliver: [Option<&'a str>; 2],
    ack_within: Option<&'a str>,
}

/// Takes the idempotency key of a message, the header's before the field's, with the SHA-256 of the message as it is understood.
///
/// Fails with `invalid-field` where the message cannot be written as JSON.
pub fn fingerprint(header: Option<String>, message: &mut SendMessage) -> Result<Option<IdempotencyKey>, Refusal> {
    let field = message.idempotency_key.take();
    let header = header.map(|key| (key, "Idempotency-Key"));
    let Some((key, field)) = header.or_else(|| field.map(|key| (key, "idempotency_key"))) else { return Ok(None) };
    let unwritable = |_| Refusal::field(Code::InvalidField, "evidence", "has a number that JSON cannot carry");
    let understood = serde_json::to_vec(&canonical(message)).map_err(unwritable)?;
    Ok(Some(IdempotencyKey { key, field, fingerprint: Digest(Sha256::digest(&understood).into()) }))
}

fn canonical(message: &SendMessage) -> Canonical<'_> {
    let metadata = message.metadata.as_ref();
    Canonical {
        from: message.from.as_deref(),
        to: message.to.as_ref().map_or(&[], Recipients::as_slice),
        subject: &message.subject,
        body: &message.body,
        content_type: message.content_type.as_deref().unwrap_or(CONTENT_TYPE),
        kind: message.kind.unwrap_or(Kind::Inform),
        priority: message.priority.unwrap_or(Priority::Normal),
        domain: message.domain.as_deref(),
        in_reply_to: message.in_reply_to,
        attachments: &message.attachments,
        evidence: &message.evidence,
        metadata: metadata.and_then(|metadata| serde_json::from_str(metadata.as_json()).ok()),
        expires: [message.expires_in.as_deref(), message.expires_at.as_ref().map(Timestamp::as_str)],
        deliver: [message.deliver_in.as_deref(), message.deliver_at.as_ref().map(Timestamp::as_str)],
        ack_within: message.ack_within.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Digest {
        let key = fingerprint(None, &mut serde_json::from_str(body).expect(body));
        key.unwrap().expect("a key was given").fingerprint
    }

    #[test]
    fn the_same_message_has_the_same_fingerprint_however_it_is_written() {
        let first = of(
            r#"{"from": "a", "to": "b", "subject": "s", "metadata": {"x": 1, "y": [1, 2]}, "idempotency_key": "k"}"#,
        );
        for same in [
            r#"{"subject":"s","to":"b","metadata":{"x":1,"y":[1,2]},"idempotency_key":"k","from":"a"}"#,
            r#"{"from":"a","to":["b"],"subject":"s","metadata":{"y":[1,2],"x":1},"idempotency_key":"k"}"#,
            r#"{"from":"a","to":"b","subject":"s","body":"","kind":"INFORM","priority":"normal","metadata":{"x":1,"y":[1,2]},
                "content_type":"text/markdown","evidence":{},"attachments":[],"idempotency_key":"k"}"#,
        ] {
            assert_eq!(of(same), first, "{same}");
        }
        for other in [
            r#"{"from":"a","to":"b","subject":"t","metadata":{"x":1,"y":[1,2]},"idempotency_key":"k"}"#,
            r#"{"from":"a","to":"b","subject":"s","metadata":{"x":1,"y":[2,1]},"idempotency_key":"k"}"#,
            r#"{"from":"a","to":["b","c"],"subject":"s","metadata":{"x":1,"y":[1,2]},"idempotency_key":"k"}"#,
            r#"{"from":"a","to":"b","subject":"s","metadata":{"x":1,"y":[1,2]},"expires_in":"1h","idempotency_key":"k"}"#,
        ] {
            assert_ne!(of(other), first, "{other}");
        }
    }

    #[test]
    fn the_header_goes_before_the_field_and_without_both_there_is_no_key() {
        let mut message: SendMessage = serde_json::from_str(r#"{"subject": "s", "idempotency_key": "field"}"#).unwrap();
        let key = fingerprint(Some("header".to_owned()), &mut message).unwrap().unwrap();
        assert_eq!((key.key.as_str(), key.field), ("header", "Idempotency-Key"));
        assert!(fingerprint(None, &mut message).unwrap().is_none());
    }
}
