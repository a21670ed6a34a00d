//! What may be asked about a delivery.

use super::Receipt;
use crate::refusal::{Code, Refusal};
use crate::time::{Span, Time};

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

/// Until when a delivery is to be deferred, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// Until this time.
    pub time: Option<Time>,
    /// For this long from now.
    pub span: Option<Span>,
    /// Until this trigger is fired.
    pub trigger: Option<String>,
}

impl Until {
    /// Returns the time or the trigger that ends the deferral.
    ///
    /// Fails unless exactly one of the three is given.
    pub fn resolve(self, now: Time) -> Result<(Option<Time>, Option<String>), Refusal> {
        match self {
            Self { time: Some(time), span: None, trigger: None } => Ok((Some(time), None)),
            Self { time: None, span: Some(span), trigger: None } => Ok((Some(now.plus(span)), None)),
            Self { time: None, span: None, trigger: Some(trigger) } => Ok((None, Some(trigger))),
            Self { time: None, span: None, trigger: None } => {
                let why = "say until when: one of `until`, `for` and `trigger`";
                Err(Refusal::field(Code::MissingField, "until", why))
            }
            _ => Err(Refusal::field(Code::InvalidField, "until", "give only one of `until`, `for` and `trigger`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deferral_ends_at_exactly_one_of_time_span_and_trigger() {
        let now = Time(1_000_000);
        let (time, span, trigger) = (Some(Time(5_000_000)), Some(Span(2_000_000)), Some("built".to_owned()));
        for bits in 0..8_u8 {
            let until = Until {
                time: time.filter(|_| bits & 1 > 0),
                span: span.filter(|_| bits & 2 > 0),
                trigger: trigger.clone().filter(|_| bits & 4 > 0),
            };
            let right = match bits {
                1 => Ok((time, None)),
                2 => Ok((Some(Time(3_000_000)), None)),
                4 => Ok((None, trigger.clone())),
                0 => Err(Code::MissingField),
                _ => Err(Code::InvalidField),
            };
            assert_eq!(until.resolve(now).map_err(|refusal| refusal.code), right, "{bits:03b}");
        }
    }
}
