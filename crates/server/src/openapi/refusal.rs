//! Problems in the document: an example of each, and which of them every operation may give.

use domain::Code;
use protocol::problems::{status, title};
use serde_json::{Map, Value, json};

/// What any operation that is not open may refuse with.
pub(super) const GUARDED: &[Code] = &[
    Code::Unauthenticated,
    Code::Forbidden,
    Code::RepeatedHeader,
    Code::RateLimited,
    Code::Overloaded,
    Code::StorageUnavailable,
    Code::RequestTimeout,
    Code::Draining,
    Code::Internal,
];

/// What any operation may refuse with that changes something.
pub(super) const CHANGING: &[Code] = &[Code::Conflict, Code::OutcomeUnknown];

/// What any operation may refuse with that takes JSON.
pub(super) const READING_JSON: &[Code] = &[
    Code::MalformedJson,
    Code::InvalidUtf8,
    Code::UnsupportedMediaType,
    Code::RequestTooLarge,
    Code::UploadTimeout,
    Code::UnknownField,
    Code::MissingField,
    Code::WrongType,
    Code::InvalidField,
];

/// What any operation may refuse with that takes query parameters.
pub(super) const READING_QUERY: &[Code] =
    &[Code::UnknownField, Code::WrongType, Code::InvalidField, Code::InvalidDuration, Code::TooManyItems];

/// The code as the key of its example, which is how a response lists what it may mean.
pub(super) fn reference(code: Code) -> String {
    format!("#/components/examples/{code}")
}

/// Adds an example of every problem.
pub(super) fn write(components: &mut Value) {
    let examples =
        Code::ALL.iter().map(|code| (code.to_string(), json!({"summary": title(*code), "value": example(*code)})));
    components["examples"] = Value::Object(examples.collect::<Map<_, _>>());
}

fn example(code: Code) -> Value {
    let status = status(code).as_u16();
    let mut problem = json!({
        "type": format!("/problems/{code}"),
        "title": title(code),
        "status": status,
        "detail": format!("{}.", title(code)),
        "code": code.as_str(),
        "request_id": "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42",
    });
    if let Some((field, why)) = at_fault(code) {
        problem["detail"] = json!(format!("{field}: {why}"));
        problem["errors"] = json!([{"field": field, "why": why}]);
    }
    match code {
        Code::OutsideAuthority => {
            problem["rule"] = json!("decide in `strategy` needs that domain or final authority");
            problem["holders"] = json!(["chat"]);
            problem["remedy"] = json!("Send it as a `propose` to domain:strategy, or ask an admin for a grant.");
        }
        Code::GateFailed => {
            problem["gates"] =
                json!([{"gate": "test_coverage", "threshold": {"min": 0.8}, "actual": 0.7, "passed": false}]);
        }
        _ if matches!(status, 429 | 503) => problem["retry_after_s"] = json!(1),
        _ => {}
    }
    problem
}

/// The field of an example, and what is wrong with it.
const fn at_fault(code: Code) -> Option<(&'static str, &'static str)> {
    Some(match code {
        Code::WrongType => ("subject", "must be a string, not integer `7`"),
        Code::UnknownField => ("subjct", "unknown field `subjct`: did you mean `subject`?"),
        Code::MissingField => ("subject", "must be given"),
        Code::InvalidField => ("subject", "must not be empty"),
        Code::InvalidDuration => ("expires_in", "must be a duration such as 30s, 5m or 2h"),
        Code::UnknownRecipient => ("to[0]", "there is no agent `chatt`; did you mean `chat`?"),
        Code::UnknownSender => ("from", "there is no agent `cod`; did you mean `code`?"),
        _ => return None,
    })
}
