//! Which messages and events are wanted.

use crate::agent::AgentName;
use crate::event::EventKind;
use crate::message::{Kind, MessageId, Priority};
use crate::time::{Span, Time};

/// Which messages are wanted; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Sent by this agent.
    pub from: Option<String>,
    /// Delivered to this agent.
    pub to: Option<String>,
    /// In this thread.
    pub thread: Option<MessageId>,
    /// In this domain.
    pub domain: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// In this lane.
    pub priority: Option<Priority>,
    /// With these words in subject or body.
    pub q: Option<String>,
    /// Sent at this time or later.
    pub since: Option<Time>,
    /// Sent before this time.
    pub until: Option<Time>,
}

/// Which messages are received; an empty filter takes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiveFilter {
    /// Only of these kinds; none: of any.
    pub kinds: Vec<Kind>,
    /// Only of this thread.
    pub thread: Option<MessageId>,
}

impl ReceiveFilter {
    /// Whether it takes all.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.thread.is_none()
    }
}

/// What a receive asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiving {
    /// How many at most.
    pub max: usize,
    /// For how long; none: as configured.
    pub lease: Option<Span>,
    /// How long to wait for the first.
    pub wait: Span,
    /// Which.
    pub filter: ReceiveFilter,
}

/// Which events are wanted; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of this type.
    pub kind: Option<EventKind>,
    /// Only about this agent, or messages it sent.
    pub agent: Option<AgentName>,
    /// Only about this message.
    pub message: Option<MessageId>,
}
