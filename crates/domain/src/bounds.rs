//! Bounds on what may be asked of a delivery.

use crate::delivery::{DeliveryPolicy, Verb};
use crate::directory::Policy;
use crate::limits::Limits;
use crate::refusal::{Code, Refusal};
use crate::text;
use crate::time::{Span, Time};

/// Fails with `invalid-duration` unless a lease is more than nothing and at most the longest.
pub fn lease(lease: Span, policy: &DeliveryPolicy) -> Result<Span, Refusal> {
    if lease > Span::ZERO && lease <= policy.lease_max {
        return Ok(lease);
    }
    let why = format!("`{lease}` must be more than 0s and at most {}", policy.lease_max);
    Err(Refusal::field(Code::InvalidDuration, "lease", why))
}

/// Fails unless a verb's words and times are within their bounds.
pub fn verb(verb: &Verb, policy: &Policy, now: Time) -> Result<(), Refusal> {
    let limits = &policy.limits;
    match verb {
        Verb::Ack { note, .. } => words("note", note.as_deref(), limits),
        Verb::Nack { delay, reason, .. } => {
            words("reason", reason.as_deref(), limits)?;
            within_horizon("delay", now.plus(delay.unwrap_or_default()), limits, now)
        }
        Verb::Extend { lease: asked, .. } => lease(*asked, &policy.delivery).map(drop),
        Verb::Defer { until, trigger, reason, .. } => {
            words("reason", reason.as_deref(), limits)?;
            if until.is_none() && trigger.is_none() {
                return Err(Refusal::field(Code::MissingField, "until", "say until, for or trigger"));
            }
            if let Some(trigger) = trigger {
                trigger_name(trigger)?;
            }
            within_horizon("until", until.unwrap_or(now), limits, now)
        }
        Verb::Terminate { reason, .. } if reason.trim().is_empty() => {
            Err(Refusal::field(Code::MissingField, "reason", "say why, for the sender"))
        }
        Verb::Terminate { reason, .. } => words("reason", Some(reason), limits),
        Verb::Redrive => Ok(()),
    }
}

/// Fails with `invalid-field` unless a trigger's name follows the rules for names.
pub fn trigger_name(name: &str) -> Result<(), Refusal> {
    name.parse::<crate::AgentName>().map(drop).map_err(|why| Refusal::field(Code::InvalidField, "trigger", why))
}

/// Fails with `invalid-field` where a text is longer than a reason may be, or holds NUL.
pub fn words(field: &str, text: Option<&str>, limits: &Limits) -> Result<(), Refusal> {
    let text = text.unwrap_or_default();
    text::check(field, text)?;
    let chars = text.chars().count();
    if chars <= limits.reason_chars {
        return Ok(());
    }
    let why = format!("has {chars} characters; {} are allowed", limits.reason_chars);
    Err(Refusal::field(Code::InvalidField, field, why))
}

fn within_horizon(field: &str, at: Time, limits: &Limits, now: Time) -> Result<(), Refusal> {
    if at <= now.plus(limits.horizon) {
        return Ok(());
    }
    Err(Refusal::field(Code::InvalidDuration, field, format!("must be at most {} from now", limits.horizon)))
}
