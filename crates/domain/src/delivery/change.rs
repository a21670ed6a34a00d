//! What becomes of a delivery, and what follows from it.

use super::Delivery;
use crate::event::EventKind;

/// What has to be sent because of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Tell the sender that it was not acked, and why.
    Bounce(String),
    /// Remind the recipient.
    Remind,
    /// Tell the one who answers for it.
    Escalate,
}

/// A change of one delivery: what it becomes, the event that says so, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// After the change.
    pub delivery: Delivery,
    /// The event.
    pub kind: EventKind,
    /// Why, for the event.
    pub reason: Option<String>,
    /// What follows.
    pub notice: Option<Notice>,
}
