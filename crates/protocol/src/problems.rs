//! The table of problems: what each refusal is in each protocol.

use domain::Code;
use http::StatusCode;

/// The HTTP status and the title of every problem code.
#[expect(clippy::too_many_lines, reason = "a table: a line for each code")]
const fn entry(code: Code) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match code {
        Code::MalformedJson => (S::BAD_REQUEST, "The body is not JSON"),
        Code::MalformedRequest => (S::BAD_REQUEST, "The request is not HTTP as it should be"),
        Code::UriTooLong => (S::URI_TOO_LONG, "The address is too long"),
        Code::HeadersTooLarge => (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large"),
        Code::InvalidUtf8 => (S::BAD_REQUEST, "The body is not UTF-8"),
        Code::UnsupportedMediaType => (S::UNSUPPORTED_MEDIA_TYPE, "The body has a media type that is not read here"),
        Code::RequestTooLarge => (S::PAYLOAD_TOO_LARGE, "The request is too large"),
        Code::WrongType => (S::UNPROCESSABLE_ENTITY, "A field has the wrong type"),
        Code::UnknownField => (S::UNPROCESSABLE_ENTITY, "A field does not exist"),
        Code::MissingField => (S::UNPROCESSABLE_ENTITY, "A field is missing"),
        Code::InvalidField => (S::UNPROCESSABLE_ENTITY, "A field's value is not allowed"),
        Code::InvalidDuration => (S::UNPROCESSABLE_ENTITY, "A duration or time is not allowed"),
        Code::SubjectTooLong => (S::UNPROCESSABLE_ENTITY, "The subject is too long"),
        Code::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "The message's body is too large"),
        Code::MetadataTooLarge => (S::UNPROCESSABLE_ENTITY, "The metadata is too large"),
        Code::TooManyRecipients => (S::UNPROCESSABLE_ENTITY, "There are too many recipients"),
        Code::TooManyItems => (S::UNPROCESSABLE_ENTITY, "A list is too long"),
        Code::NoRecipients => (S::UNPROCESSABLE_ENTITY, "Nobody would receive it"),
        Code::UnknownRecipient => (S::UNPROCESSABLE_ENTITY, "A recipient does not exist"),
        Code::RetiredRecipient => (S::UNPROCESSABLE_ENTITY, "A recipient is retired"),
        Code::UnknownSender => (S::UNPROCESSABLE_ENTITY, "The sender does not exist"),
        Code::UnknownAttachment => (S::UNPROCESSABLE_ENTITY, "An attachment does not exist"),
        Code::UnknownParent => (S::UNPROCESSABLE_ENTITY, "The message that it answers does not exist"),
        Code::ForeignReceipt => (S::CONFLICT, "The receipt belongs to another delivery"),
        Code::StaleReceipt => (S::CONFLICT, "The receipt's lease is over"),
        Code::WrongState => (S::CONFLICT, "The delivery is in another state"),
        Code::OutsideAuthority => (S::FORBIDDEN, "The decision is outside the sender's authority"),
        Code::PriorityNotAllowed => (S::FORBIDDEN, "The sender may not send with this priority"),
        Code::GateFailed => (S::UNPROCESSABLE_ENTITY, "A quality gate failed"),
        Code::IdempotencyMismatch => (S::UNPROCESSABLE_ENTITY, "The idempotency key was used for another request"),
        Code::SenderMismatch => (S::FORBIDDEN, "The key speaks for another agent"),
        Code::Forbidden => (S::FORBIDDEN, "This is not allowed"),
        Code::Unauthenticated => (S::UNAUTHORIZED, "A valid key is needed"),
        Code::NotFound => (S::NOT_FOUND, "There is no such thing"),
        Code::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "The path does not take this method"),
        Code::ReservedName => (S::UNPROCESSABLE_ENTITY, "The name is reserved"),
        Code::NameTaken => (S::CONFLICT, "The name is taken"),
        Code::TooManyWaiters => (S::TOO_MANY_REQUESTS, "Too many requests are waiting"),
        Code::TooManyStreams => (S::TOO_MANY_REQUESTS, "Too many streams are open"),
        Code::RateLimited => (S::TOO_MANY_REQUESTS, "There were too many requests"),
        Code::Overloaded => (S::SERVICE_UNAVAILABLE, "The server has more to do than it can"),
        Code::LimitReached => (S::CONFLICT, "A limit is reached"),
        Code::AttachmentTooLarge => (S::PAYLOAD_TOO_LARGE, "The attachment is too large"),
        Code::UploadTimeout => (S::REQUEST_TIMEOUT, "The upload stood still for too long"),
        Code::RequestTimeout => (S::SERVICE_UNAVAILABLE, "The request took too long"),
        Code::RangeNotSatisfiable => (S::RANGE_NOT_SATISFIABLE, "The range lies outside the attachment"),
        Code::StorageUnavailable => (S::SERVICE_UNAVAILABLE, "The store cannot take it now"),
        Code::Draining => (S::SERVICE_UNAVAILABLE, "The server is shutting down"),
        Code::Conflict => (S::CONFLICT, "It changed in between"),
        Code::OutcomeUnknown => (S::SERVICE_UNAVAILABLE, "It is not known whether it was done"),
        Code::Archived => (S::GONE, "It is in the archive"),
        Code::PositionAhead => (S::CONFLICT, "The position lies behind the end of the log"),
        Code::RepeatedHeader => (S::BAD_REQUEST, "A header is there more than once"),
        Code::DomainMismatch => (S::UNPROCESSABLE_ENTITY, "It is decided in another domain"),
        Code::SelfApproval => (S::FORBIDDEN, "Who asked does not decide"),
        Code::AlreadyDecided => (S::CONFLICT, "It is decided already"),
        Code::UnknownDomain => (S::UNPROCESSABLE_ENTITY, "The domain does not exist"),
        Code::NothingToDecide => (S::UNPROCESSABLE_ENTITY, "There is nothing to decide"),
        Code::AttachmentDamaged => (S::INTERNAL_SERVER_ERROR, "The attachment is damaged"),
        Code::Internal => (S::INTERNAL_SERVER_ERROR, "The server failed"),
        Code::AttachmentsDisabled => (S::NOT_IMPLEMENTED, "No attachments are kept here"),
    }
}

/// The HTTP status of a problem code.
pub const fn status(code: Code) -> StatusCode {
    entry(code).0
}

/// What kind of problem a code stands for, the same words for every occurrence.
pub const fn title(code: Code) -> &'static str {
    entry(code).1
}

/// The code of a JSON-RPC error: the protocol's own where the call itself is wrong, and else one of the range that is left to
/// servers, by the sort of problem.
pub fn json_rpc(code: Code) -> i32 {
    match code {
        Code::MalformedJson | Code::InvalidUtf8 => -32_700,
        Code::MethodNotAllowed => -32_601,
        Code::WrongType | Code::UnknownField | Code::MissingField | Code::InvalidField | Code::InvalidDuration => {
            -32_602
        }
        Code::Internal => -32_603,
        _ => match status(code).as_u16() {
            401 => -32_001,
            403 => -32_003,
            404 | 410 => -32_004,
            409 => -32_009,
            429 => -32_029,
            500.. => -32_050,
            _ => -32_022,
        },
    }
}

/// The reason in a `google.rpc.ErrorInfo`: the code in capitals, as in `STALE_RECEIPT`.
pub fn reason(code: Code) -> String {
    code.as_str().replace('-', "_").to_ascii_uppercase()
}

/// The canonical code of a `google.rpc.Status`.
pub fn canonical(code: Code) -> &'static str {
    match (code, status(code).as_u16()) {
        (Code::LimitReached, _) | (_, 413 | 429) => "RESOURCE_EXHAUSTED",
        (Code::NameTaken, _) => "ALREADY_EXISTS",
        (Code::Conflict, _) => "ABORTED",
        (Code::OutcomeUnknown, _) => "UNKNOWN",
        (Code::RangeNotSatisfiable, _) => "OUT_OF_RANGE",
        (_, 401) => "UNAUTHENTICATED",
        (_, 403) => "PERMISSION_DENIED",
        (_, 404 | 410) => "NOT_FOUND",
        (_, 405 | 501) => "UNIMPLEMENTED",
        (_, 408) => "DEADLINE_EXCEEDED",
        (_, 409) => "FAILED_PRECONDITION",
        (_, 503) => "UNAVAILABLE",
        (_, 500..) => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

/// Every status that the API answers with, for pre-made measures.
pub const STATUSES: [u16; 26] = [
    200, 201, 202, 204, 206, 302, 304, 400, 401, 403, 404, 405, 408, 409, 410, 413, 414, 415, 416, 422, 429, 431, 500,
    501, 503, 0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_known_in_every_protocol() {
        let lines: Vec<String> = Code::ALL
            .iter()
            .map(|code| {
                let (status, rpc, canonical) = (status(*code).as_u16(), json_rpc(*code), canonical(*code));
                format!("{status} {rpc} {canonical:<19} {:<24} {}", code.as_str(), title(*code))
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn every_status_of_a_problem_is_measured_by_itself() {
        for code in Code::ALL {
            assert!(STATUSES.contains(&status(*code).as_u16()), "{code}");
        }
    }
}
