//! Refusals: what the rules answer instead of doing it, in the user's words.

use serde::{Deserialize, Serialize};

use crate::agent::AgentName;
use crate::decision::Decision;
use crate::gate::GateResult;
use crate::nearest::shown;
use crate::remedy::Remedy;
use crate::time::Span;
use crate::words::words;

words! {
    /// The stable code of a refusal. What status it has on the wire is the faces' affair.
    pub enum Code: "problem code" {
        /// The request's text is no JSON.
        MalformedJson = 0 "malformed-json",
        /// The request's bytes are no UTF-8.
        InvalidUtf8 = 1 "invalid-utf8",
        /// The request's media type is not one that is read here.
        UnsupportedMediaType = 2 "unsupported-media-type",
        /// The whole request is larger than is read.
        RequestTooLarge = 3 "request-too-large",
        /// A field has a value of the wrong type.
        WrongType = 4 "wrong-type",
        /// A field that does not exist.
        UnknownField = 5 "unknown-field",
        /// A field that must be there is not.
        MissingField = 6 "missing-field",
        /// A field's value breaks a rule that has no code of its own.
        InvalidField = 7 "invalid-field",
        /// A duration or time that cannot be read or lies outside its bounds.
        InvalidDuration = 8 "invalid-duration",
        /// The subject is longer than allowed.
        SubjectTooLong = 9 "subject-too-long",
        /// The body is larger than allowed.
        BodyTooLarge = 10 "body-too-large",
        /// The metadata is larger than allowed.
        MetadataTooLarge = 11 "metadata-too-large",
        /// More names in `to` than allowed.
        TooManyRecipients = 12 "too-many-recipients",
        /// A list is longer than allowed.
        TooManyItems = 13 "too-many-items",
        /// The addresses resolve to nobody.
        NoRecipients = 14 "no-recipients",
        /// A recipient that was never registered.
        UnknownRecipient = 15 "unknown-recipient",
        /// A recipient that takes no new messages.
        RetiredRecipient = 16 "retired-recipient",
        /// A sender that was never registered, or is retired.
        UnknownSender = 17 "unknown-sender",
        /// An attachment that was never stored.
        UnknownAttachment = 18 "unknown-attachment",
        /// `in_reply_to` names a message that does not exist.
        UnknownParent = 19 "unknown-parent",
        /// A receipt that belongs to another delivery, or is none.
        ForeignReceipt = 20 "foreign-receipt",
        /// A receipt of a lease that is no longer the current one.
        StaleReceipt = 21 "stale-receipt",
        /// The delivery is in a state from which this cannot be done.
        WrongState = 22 "wrong-state",
        /// The sender has no authority in the domain.
        OutsideAuthority = 23 "outside-authority",
        /// The sender may not send with this priority.
        PriorityNotAllowed = 24 "priority-not-allowed",
        /// The evidence does not meet the thresholds.
        GateFailed = 25 "gate-failed",
        /// The idempotency key was used with another request.
        IdempotencyMismatch = 26 "idempotency-mismatch",
        /// The key may not speak for this sender.
        SenderMismatch = 27 "sender-mismatch",
        /// The key's role does not allow this.
        Forbidden = 28 "forbidden",
        /// No key, or one that is not valid.
        Unauthenticated = 29 "unauthenticated",
        /// There is no such thing, or none that this key may know of.
        NotFound = 30 "not-found",
        /// The path exists, the method does not.
        MethodNotAllowed = 31 "method-not-allowed",
        /// A name that nobody may take.
        ReservedName = 32 "reserved-name",
        /// A name that somebody has.
        NameTaken = 33 "name-taken",
        /// As many long polls as are held are waiting.
        TooManyWaiters = 34 "too-many-waiters",
        /// As many streams as are held are open.
        TooManyStreams = 35 "too-many-streams",
        /// More requests than this key or tenant may make.
        RateLimited = 36 "rate-limited",
        /// The write queue is full.
        Overloaded = 37 "overloaded",
        /// A count has reached its limit.
        LimitReached = 38 "limit-reached",
        /// The attachment is larger than allowed.
        AttachmentTooLarge = 39 "attachment-too-large",
        /// The upload stood still for too long.
        UploadTimeout = 40 "upload-timeout",
        /// The request was not answered in time.
        RequestTimeout = 41 "request-timeout",
        /// The range lies outside the attachment.
        RangeNotSatisfiable = 42 "range-not-satisfiable",
        /// The store cannot take it now: full, read-only or away. Nothing was done.
        StorageUnavailable = 43 "storage-unavailable",
        /// The server is shutting down.
        Draining = 44 "draining",
        /// It changed in between, again and again.
        Conflict = 45 "conflict",
        /// The store did not say whether it was done.
        OutcomeUnknown = 46 "outcome-unknown",
        /// Our fault; the log has the cause beside the request id.
        Internal = 47 "internal",
        /// This installation has no place for attachments.
        AttachmentsDisabled = 48 "attachments-disabled",
        /// It has left the store and is in the archive.
        Archived = 49 "archived",
        /// The position lies behind the end of the log.
        PositionAhead = 50 "position-ahead",
        /// The message answers one that is decided in another domain.
        DomainMismatch = 51 "domain-mismatch",
        /// Who asked does not decide.
        SelfApproval = 52 "self-approval",
        /// It was decided, withdrawn or has expired before.
        AlreadyDecided = 53 "already-decided",
        /// A domain that nobody knows.
        UnknownDomain = 54 "unknown-domain",
        /// An approval or rejection that answers nothing.
        NothingToDecide = 55 "nothing-to-decide",
        /// What came is no HTTP request.
        MalformedRequest = 56 "malformed-request",
        /// The address of the request is longer than is read.
        UriTooLong = 57 "uri-too-long",
        /// The headers of the request are larger than is read.
        HeadersTooLarge = 58 "headers-too-large",
        /// A header that a request has once at most is there more often.
        RepeatedHeader = 60 "repeated-header",
        /// The bytes of an attachment are damaged or gone.
        AttachmentDamaged = 70 "attachment-damaged",
    }
}

/// A field at fault and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's path, as in `messages[3].subject`.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub why: String,
}

/// Why something is not done, and what to change.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// One or two sentences for a person.
    pub detail: String,
    /// The fields at fault, if fields are.
    pub errors: Vec<FieldError>,
    /// The rule that was broken, in words.
    pub rule: Option<String>,
    /// Who could do it.
    pub holders: Vec<AgentName>,
    /// What would make it possible.
    pub remedy: Option<Box<Remedy>>,
    /// The gates, where gates were weighed.
    pub gates: Vec<GateResult>,
    /// The decision that stands, where one does.
    pub decision: Option<Box<Decision>>,
    /// When to come again.
    pub retry_after: Option<Span>,
}

impl Refusal {
    /// A refusal with a code and a sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            rule: None,
            holders: Vec::new(),
            remedy: None,
            gates: Vec::new(),
            decision: None,
            retry_after: None,
        }
    }

    /// A refusal for one field; the detail repeats field and reason.
    pub fn field(code: Code, field: impl Into<String>, why: impl Into<String>) -> Self {
        let error = FieldError { field: field.into(), why: why.into() };
        let mut refusal = Self::new(code, format!("{}: {}", error.field, error.why));
        refusal.errors.push(error);
        refusal
    }

    /// One that names no such thing.
    pub fn not_found(what: &str, name: &dyn std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("There is no {what} `{}`.", shown(&name.to_string())))
    }

    /// With what would make it possible.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Remedy>) -> Self {
        self.remedy = Some(Box::new(remedy.into()));
        self
    }

    /// With the time after which to come again.
    #[must_use]
    pub fn retry_after(mut self, span: Span) -> Self {
        self.retry_after = Some(span);
        self
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Refusal {}
