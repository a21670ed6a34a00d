//! What may be asked about a delivery.

use super::Receipt;
use crate::directory::Policy;
use crate::refusal::{Code, Refusal};
use crate::time::{Span, Time};

/// Characters of a trigger's name.
const TRIGGER_CHARS_MAX: usize = 200;

/// What somebody wants done with a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is done. Without a receipt: whoever may act for the agent says so.
    Ack {
        /// The lease it was done under.
        receipt: Option<Receipt>,
        /// A last word.
        note: Option<String>,
    },
    /// Take it back.
    Nack {
        /// The lease it was held under.
        receipt: Receipt,
        /// Not again before this has passed.
        delay: Option<Span>,
        /// Why.
        reason: Option<String>,
    },
    /// More time.
    Extend {
        /// The lease to extend.
        receipt: Receipt,
        /// The new length, from now.
        lease: Span,
    },
    /// Not now.
    Defer {
        /// The lease it was held under.
        receipt: Option<Receipt>,
        /// Until when, if until a time.
        until: Option<Time>,
        /// Until what, if until a trigger.
        trigger: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Never again.
    Terminate {
        /// The lease it was held under.
        receipt: Option<Receipt>,
        /// Why.
        reason: String,
    },
    /// Back from the dead letters, with all its attempts.
    Redrive,
}

impl Verb {
    /// Holds what is asked to the policy's bounds: spans, times, and the length of what is said.
    pub fn check(&self, policy: &Policy, now: Time) -> Result<(), Refusal> {
        match self {
            Self::Ack { note, .. } => said("note", note.as_deref(), policy),
            Self::Nack { delay, reason, .. } => {
                reachable("delay", delay.map(|delay| now.plus(delay)), policy, now)?;
                said("reason", reason.as_deref(), policy)
            }
            Self::Extend { lease, .. } => check_lease(*lease, policy),
            Self::Defer { until, trigger, reason, .. } => {
                if until.is_none() && trigger.is_none() {
                    let why = "say until when (`until`, `for`) or until what (`trigger`)";
                    return Err(Refusal::field(Code::MissingField, "until", why));
                }
                reachable("until", *until, policy, now)?;
                trigger.as_deref().map_or(Ok(()), check_trigger)?;
                said("reason", reason.as_deref(), policy)
            }
            Self::Terminate { reason, .. } => said("reason", Some(reason), policy),
            Self::Redrive => Ok(()),
        }
    }
}

/// Fails unless a lease is longer than nothing and at most `delivery.lease_max`.
pub fn check_lease(lease: Span, policy: &Policy) -> Result<(), Refusal> {
    let max = policy.delivery.lease_max;
    if lease > Span::ZERO && lease <= max {
        return Ok(());
    }
    Err(Refusal::field(Code::InvalidDuration, "lease", format!("must be more than 0s and at most {max}")))
}

/// Fails unless the text may name a trigger: 1 to 200 characters, none of them a control character.
pub fn check_trigger(name: &str) -> Result<(), Refusal> {
    let chars = name.chars().count();
    if (1..=TRIGGER_CHARS_MAX).contains(&chars) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    let why = format!("must be 1 to {TRIGGER_CHARS_MAX} characters, none of them a control character");
    Err(Refusal::field(Code::InvalidField, "trigger", why))
}

fn reachable(field: &str, at: Option<Time>, policy: &Policy, now: Time) -> Result<(), Refusal> {
    let horizon = policy.limits.horizon;
    if at.is_none_or(|at| at <= now.plus(horizon)) {
        return Ok(());
    }
    Err(Refusal::field(Code::InvalidDuration, field, format!("must be at most {horizon} from now")))
}

fn said(field: &str, text: Option<&str>, policy: &Policy) -> Result<(), Refusal> {
    let (chars, max) = (text.map_or(0, |text| text.chars().count()), policy.limits.reason_chars);
    if chars <= max {
        return Ok(());
    }
    Err(Refusal::field(Code::InvalidField, field, format!("has {chars} characters; {max} are allowed")))
}
