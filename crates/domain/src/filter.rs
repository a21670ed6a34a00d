//! Which messages and events are wanted. What is a name here has the form of one, so nothing else is ever looked for.

use crate::agent::AgentName;
use crate::domain_name::DomainName;
use crate::event::EventKind;
use crate::message::{Kind, MessageId, Priority};
use crate::refusal::Refusal;
use crate::text;
use crate::time::Time;

/// Which messages are wanted; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Sent by this agent.
    pub from: Option<AgentName>,
    /// Delivered to this agent.
    pub to: Option<AgentName>,
    /// In this thread.
    pub thread: Option<MessageId>,
    /// In this domain.
    pub domain: Option<DomainName>,
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

impl MessageFilter {
    /// Fails with `invalid-field` where the words hold NUL.
    pub fn check(&self) -> Result<(), Refusal> {
        self.q.as_deref().map_or(Ok(()), |words| text::check("q", words))
    }
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
