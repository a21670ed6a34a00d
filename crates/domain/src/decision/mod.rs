//! Decisions: what a request or proposal asks for, and what became of it.

mod above;
mod change;
mod compose;
mod history;
mod judge;

pub use above::{ABOVE_MAX, Above, Walk};
pub use change::{Change, Ruling};
pub use compose::Deciding;
pub(crate) use judge::remedy;
pub use judge::{Act, Attempt, Effect, Judged, Known, Unfit, judge};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::agent::AgentName;
use crate::message::{Kind, Message, MessageId};
use crate::time::Time;
use crate::words::words;

words! {
    /// Where a decision stands.
    pub enum DecisionState: "decision state" {
        /// It waits for whoever was asked.
        Open = 0 "open",
        /// Yes.
        Approved = 1 "approved",
        /// No.
        Rejected = 2 "rejected",
        /// Settled by an answer that is neither.
        Answered = 3 "answered",
        /// Taken back by who asked.
        Withdrawn = 4 "withdrawn",
        /// Nobody decided in time.
        Expired = 5 "expired",
    }
}

words! {
    /// Whether who asked may also decide.
    #[derive(Default)]
    pub enum SelfApproval: "authority.self_approval" {
        /// It is refused.
        #[default]
        Refuse = 0 "refuse",
        /// It is allowed.
        Allow = 1 "allow",
    }
}

/// What was approved instead of what was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Edits {
    /// The text that holds instead of the message's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The measurements that hold instead of the message's evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<BTreeMap<String, f64>>,
}

/// What a message asks to be decided, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The message that asked.
    pub message_id: MessageId,
    /// The kind of that message: `request` or `propose`.
    pub kind: Kind,
    /// What that message is about.
    pub subject: String,
    /// The domain in which it is decided; none: those who were asked decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Who asked.
    pub asked_by: AgentName,
    /// Who was asked; where workers write the recipients, the addresses.
    pub asked_of: Vec<String>,
    /// Whether workers write the recipients.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fan_out: bool,
    /// Where it stands.
    pub state: DecisionState,
    /// Until when it can be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Time>,
    /// Who decided or withdrew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<AgentName>,
    /// When it was decided, withdrawn or found to be expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Time>,
    /// The message that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_message_id: Option<MessageId>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What was approved instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<Edits>,
}

impl Kind {
    /// Whether a message of this kind asks for a decision.
    pub const fn asks(self) -> bool {
        matches!(self, Self::Request | Self::Propose)
    }
}

impl Message {
    /// Whether it asks for a decision; what the system itself sends does not.
    pub fn asks(&self) -> bool {
        self.kind.asks() && self.from != AgentName::system()
    }
}

impl Decision {
    /// The decision that a message opens, in the domain that is in effect for it.
    pub fn open(message: &Message, domain: Option<String>) -> Self {
        let asked_of = if message.fan_out {
            message.to.clone()
        } else {
            message.recipients.iter().map(ToString::to_string).collect()
        };
        Self {
            message_id: message.id,
            kind: message.kind,
            subject: message.subject.clone(),
            domain,
            asked_by: message.from.clone(),
            asked_of,
            fan_out: message.fan_out,
            state: DecisionState::Open,
            due_at: message.expires_at,
            decided_by: None,
            decided_at: None,
            outcome_message_id: None,
            note: None,
            edits: None,
        }
    }

    /// Whether it can be decided at this time.
    pub fn is_open(&self, now: Time) -> bool {
        self.state == DecisionState::Open && self.due_at.is_none_or(|due| due > now)
    }

    /// The agent that the latest event about it is about: who decided or withdrew it, else who asked.
    pub fn agent(&self) -> &AgentName {
        self.decided_by.as_ref().unwrap_or(&self.asked_by)
    }

    /// Where it stands among those of its state: open ones by their deadline, the others by when they ended, the latest first.
    pub fn place(&self) -> i64 {
        match self.state {
            DecisionState::Open => self.due_at.map_or(i64::MAX, |due| due.0),
            _ => -self.decided_at.map_or(0, |at| at.0),
        }
    }
}
