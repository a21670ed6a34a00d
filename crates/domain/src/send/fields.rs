//! The fields of a draft, held to their limits. Every fault is collected, so that one answer names all of them.

use super::Draft;
use crate::domain_name::DomainName;
use crate::limits::Limits;
use crate::refusal::{Code, FieldError};
use crate::time::{Span, Time};
use crate::{attachment, gate, text};

pub(super) type Errors = Vec<(Code, FieldError)>;

fn fault(errors: &mut Errors, code: Code, field: &str, why: impl Into<String>) {
    errors.push((code, FieldError { field: field.to_owned(), why: why.into() }));
}

pub(super) fn check(draft: &Draft, limits: &Limits) -> Errors {
    let mut errors = Errors::new();
    let chars = draft.subject.chars().count();
    if draft.subject.trim().is_empty() {
        fault(&mut errors, Code::InvalidField, "subject", "must not be empty");
    } else if chars > limits.subject_chars {
        let why = format!("has {chars} characters; {} are allowed", limits.subject_chars);
        fault(&mut errors, Code::SubjectTooLong, "subject", why);
    }
    for (field, _) in
        [("subject", &draft.subject), ("body", &draft.body)].iter().filter(|(_, given)| text::has_nul(given))
    {
        fault(&mut errors, Code::InvalidField, field, text::NUL);
    }
    if draft.body.len() > limits.body_bytes {
        let why = format!("has {} bytes; {} are allowed; attach what is larger", draft.body.len(), limits.body_bytes);
        fault(&mut errors, Code::BodyTooLarge, "body", why);
    }
    check_parts(draft, limits, &mut errors);
    if draft.to.len() > limits.recipients {
        let why =
            format!("names {}; {} are allowed; `domain:NAME` and `*` reach more", draft.to.len(), limits.recipients);
        fault(&mut errors, Code::TooManyRecipients, "to", why);
    }
    if draft.content_type.as_deref().is_some_and(|text| !is_media_type(text)) {
        fault(&mut errors, Code::InvalidField, "content_type", "must be a media type, as in text/markdown");
    }
    if draft.domain.as_deref().is_some_and(|domain| !DomainName::is_valid(domain)) {
        fault(&mut errors, Code::InvalidField, "domain", DomainName::FORM);
    }
    errors
}

/// Whether it may stand in a header as a media type: `type/subtype` and parameters, 127 printable ASCII characters at most.
fn is_media_type(text: &str) -> bool {
    let printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let named = text.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty());
    text.len() <= 127 && printable && named
}

fn check_parts(draft: &Draft, limits: &Limits, errors: &mut Errors) {
    if let Some(metadata) = &draft.metadata {
        if !metadata.get().starts_with('{') {
            fault(errors, Code::WrongType, "metadata", "must be an object");
        } else if metadata.get().len() > limits.metadata_bytes {
            let why = format!("has {} bytes; {} are allowed", metadata.get().len(), limits.metadata_bytes);
            fault(errors, Code::MetadataTooLarge, "metadata", why);
        } else if text::json_has_nul(metadata) {
            fault(errors, Code::InvalidField, "metadata", text::NUL);
        }
    }
    errors.extend(gate::evidence_errors(&draft.evidence, limits));
    if draft.attachments.len() > limits.attachments {
        let why = format!("has {} entries; {} are allowed", draft.attachments.len(), limits.attachments);
        fault(errors, Code::TooManyItems, "attachments", why);
    }
    let names = draft.attachments.iter().enumerate().filter_map(|(at, attached)| Some((at, attached.name.as_deref()?)));
    for (at, why) in names.filter_map(|(at, name)| Some((at, attachment::name_fault(name)?))) {
        fault(errors, Code::InvalidField, &format!("attachments[{at}].name"), why);
    }
}

/// The times of a message, as points.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) expires_at: Option<Time>,
    pub(super) deliver_at: Option<Time>,
}

impl Times {
    pub(super) fn of(draft: &Draft, now: Time, limits: &Limits, errors: &mut Errors) -> Self {
        let mut point = |what: &str, span: Option<Span>, time: Option<Time>| {
            if span.is_some() && time.is_some() {
                fault(
                    errors,
                    Code::InvalidField,
                    &format!("{what}_in"),
                    format!("give {what}_in or {what}_at, not both"),
                );
            }
            let at = span.map(|span| now.plus(span)).or(time)?;
            if at > now.plus(limits.horizon) {
                let field = format!("{what}_{}", if span.is_some() { "in" } else { "at" });
                fault(errors, Code::InvalidDuration, &field, format!("must be at most {} from now", limits.horizon));
            }
            Some(at)
        };
        let deliver_at = point("deliver", draft.deliver_in, draft.deliver_at);
        let expires_at = point("expires", draft.expires_in, draft.expires_at);
        let visible_at = deliver_at.map_or(now, |at| at.max(now));
        if let Some(expires) = expires_at.filter(|expires| *expires <= visible_at) {
            let field = if draft.expires_in.is_some() { "expires_in" } else { "expires_at" };
            fault(errors, Code::InvalidDuration, field, format!("{expires} passes before the message is visible"));
        }
        if draft.ack_within.is_some_and(|within| within <= Span::ZERO || within > limits.ack_within_max) {
            let why = format!("must be more than 0s and at most {}", limits.ack_within_max);
            fault(errors, Code::InvalidDuration, "ack_within", why);
        }
        // What is visible at once is pending at once.
        Self { expires_at, deliver_at: deliver_at.filter(|at| *at > now) }
    }
}
