//! The pages that the `type` of a problem leads to: what the code means, and what to do.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use domain::Code;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use super::ApiError;
use protocol::problems::{status, title};

/// The pages style themselves and do nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;\
    color:#1a1a1a;background:#fff}code{background:#eee;padding:.1em .3em;border-radius:3px}table{border-collapse:\
    collapse}td{padding:.2rem 1rem .2rem 0;vertical-align:top}@media(prefers-color-scheme:dark){body{color:#eee;\
    background:#161616}code{background:#333}a{color:#8ab4f8}}";

/// `GET /problems`
pub(crate) async fn list() -> Response {
    let rows = Code::ALL.iter().map(|code| {
        let (name, status) = (code.as_str(), status(*code).as_u16());
        format!("<tr><td>{status}</td><td><a href=\"/problems/{name}\">{name}</a></td><td>{}</td></tr>", title(*code))
    });
    let rows: String = rows.collect();
    let body = format!(
        "<h1>Problems</h1><p>Every refusal is an RFC 9457 problem with one of these codes.</p><table>{rows}</table>"
    );
    html("Problems", &body)
}

/// `GET /problems/{code}`
pub(crate) async fn show(Path(code): Path<String>) -> Response {
    let Some(code) = Code::ALL.iter().copied().find(|known| known.as_str() == code) else {
        return ApiError::not_found(&format!("/problems/{code}")).into_response();
    };
    let (name, status) = (code.as_str(), status(code));
    let body = format!(
        "<h1>{title}</h1><p>Status <b>{status}</b>, code <code>{name}</code>.</p><h2>What to do</h2><p>{remedy}</p>\
         <p><a href=\"/problems\">All problems</a> · <a href=\"/docs\">The API</a></p>",
        title = title(code),
        status = status.as_u16(),
        remedy = remedy(code),
    );
    html(name, &body)
}

fn html(title: &str, body: &str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "max-age=3600"),
    ];
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}: coordination</title><style>{STYLE}</style>{body}</html>"
    );
    (headers, page).into_response()
}

/// What whoever gets a problem with this code can do about it.
#[expect(clippy::too_many_lines, reason = "one line for each code")]
const fn remedy(code: Code) -> &'static str {
    match code {
        Code::MalformedJson => "Send well-formed JSON; <code>detail</code> says where it breaks off.",
        Code::InvalidUtf8 => "Encode the request as UTF-8.",
        Code::MalformedRequest => {
            "Speak HTTP/1.1 without TLS to this port, and send one <code>Host</code> header; every HTTP client does."
        }
        Code::UriTooLong => "Send long texts in the body.",
        Code::HeadersTooLarge => "Send fewer and shorter headers.",
        Code::UnsupportedMediaType => "Send <code>Content-Type: application/json</code>.",
        Code::RequestTooLarge => "Send less at once, or put large content into an attachment.",
        Code::WrongType | Code::InvalidField | Code::MissingField => {
            "<code>errors</code> names each field, what is wrong with it and what would be right."
        }
        Code::UnknownField => {
            "Correct the name or leave the field out; <code>errors</code> names the nearest known one."
        }
        Code::InvalidDuration => {
            "Write durations as <code>500ms</code>, <code>30s</code>, <code>5m</code>, <code>2h</code> \
             or <code>7d</code> and times as RFC 3339, within the bounds that <code>errors</code> tells."
        }
        Code::SubjectTooLong => {
            "Shorten the subject to the length that <code>errors</code> tells; details go into the body."
        }
        Code::BodyTooLarge => "Store the content with <code>POST /api/v1/attachments</code> and attach its SHA-256.",
        Code::MetadataTooLarge => "Keep metadata small; content belongs into the body or an attachment.",
        Code::TooManyRecipients => {
            "Address a domain (<code>domain:NAME</code>) or everybody (<code>*</code>), or send several."
        }
        Code::TooManyItems => "Send several smaller lists.",
        Code::NoRecipients => "Name a recipient, or a domain that an active agent other than the sender holds.",
        Code::UnknownRecipient | Code::UnknownSender => {
            "Register the agent with <code>PUT /api/v1/agents/NAME</code>, or correct the name."
        }
        Code::RetiredRecipient => {
            "Send to somebody else, or bring the agent back with <code>PUT /api/v1/agents/NAME</code>."
        }
        Code::UnknownAttachment => "Store the bytes first; attachments belong to one tenant.",
        Code::UnknownParent => "Correct <code>in_reply_to</code>; it names a message of the same tenant.",
        Code::ForeignReceipt => "Use the receipt that came with this delivery.",
        Code::StaleReceipt => {
            "The lease ran out or was given up; receive again. Ask for a longer lease, or extend it in time."
        }
        Code::WrongState => "<code>detail</code> says which state the delivery is in; look at it before you go on.",
        Code::OutsideAuthority => {
            "Send it as a <code>propose</code> to one of <code>holders</code>, or ask an administrator \
             to grant the domain for a time."
        }
        Code::PriorityNotAllowed => {
            "Send with a lower priority; <code>max_priority_sent</code> of the agent is the bound."
        }
        Code::GateFailed => {
            "<code>gates</code> shows every threshold and what was brought; send again when all are met."
        }
        Code::IdempotencyMismatch => {
            "Use a new <code>Idempotency-Key</code> for a new request; keep the key only for retries."
        }
        Code::SenderMismatch => "Send as an agent that the key was made for, or leave <code>from</code> out.",
        Code::Forbidden => "Use a key whose role allows it; an administrator makes one.",
        Code::Unauthenticated => "Send <code>Authorization: Bearer coord_…</code> with a key that is not revoked.",
        Code::NotFound => "Correct the path or the id. What belongs to another tenant is answered the same way.",
        Code::MethodNotAllowed => "Use one of the methods in <code>Allow</code>.",
        Code::ReservedName | Code::NameTaken => "Choose another name.",
        Code::TooManyWaiters => "Use fewer long polls at a time: one for each agent is enough.",
        Code::TooManyStreams => "Close streams that nobody reads.",
        Code::RateLimited => {
            "Come again after <code>Retry-After</code>; the <code>RateLimit</code> headers say what is left."
        }
        Code::Overloaded | Code::Draining | Code::StorageUnavailable => {
            "Nothing was done. Try again after <code>Retry-After</code>, with the same <code>Idempotency-Key</code>."
        }
        Code::LimitReached => "Remove what is no longer needed, or ask whoever runs the server to raise the limit.",
        Code::AttachmentTooLarge => {
            "Split the content; <code>limits.attachment_bytes</code> is the bound of one attachment."
        }
        Code::UploadTimeout => "Send again over a connection that keeps moving.",
        Code::RequestTimeout | Code::OutcomeUnknown => {
            "It may have been done. Send it again with the same <code>Idempotency-Key</code>: it is done once."
        }
        Code::RangeNotSatisfiable => "Ask for a range within the size that <code>HEAD</code> tells.",
        Code::Conflict => "It changed while it was decided; read it again and repeat.",
        Code::AttachmentsDisabled => {
            "Whoever runs the server sets <code>attachments.url</code> to a place that all its servers reach."
        }
        Code::Archived => {
            "Read it in the archive, in the object that <code>detail</code> names; lists and streams go on behind the \
             position that it says the log begins after."
        }
        Code::PositionAhead => {
            "The position was read in another log, or in this one before it was restored from a backup or imported. \
             Go on after the position that <code>detail</code> names, or read again from an earlier one."
        }
        Code::RepeatedHeader => "Send the header that <code>detail</code> names once; look for a proxy that adds it.",
        Code::DomainMismatch => {
            "Leave <code>domain</code> out: an answer is decided in the domain above it in the thread."
        }
        Code::SelfApproval => "Let somebody else decide: <code>holders</code> names who may.",
        Code::AlreadyDecided => {
            "<code>decision</code> says who decided what, and when. Ask again with a new message; the final authority may \
             overturn it."
        }
        Code::UnknownDomain => "Correct the domain, give it to an agent, or list it in <code>authority.domains</code>.",
        Code::NothingToDecide => "Name the message that asked in <code>in_reply_to</code>.",
        Code::AttachmentDamaged => {
            "Store the same bytes again with <code>POST /api/v1/attachments</code>: they take the place of the damaged ones."
        }
        Code::Internal => {
            "It is our error. Tell whoever runs the server the <code>request_id</code>: the log has the cause beside it."
        }
    }
}
