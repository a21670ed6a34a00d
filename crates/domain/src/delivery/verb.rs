//! What may be asked about a delivery.

use super::Receipt;
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
