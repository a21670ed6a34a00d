//! Messages: immutable letters with a sender, recipients, a subject and a body.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::agent::AgentName;
use crate::attachment::Attached;
use crate::gate::GateResult;
use crate::time::{Span, Time};
use crate::words::words;

/// A message's id: a `UUIDv7`, so that ids sort by the time they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

impl MessageId {
    /// Before every other one.
    pub const FIRST: Self = Self(Uuid::nil());

    /// Makes an id from the time and ten random bytes.
    pub fn new(now: Time, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(now.millis().max(0) as u64, &random).into_uuid())
    }
}

impl FromStr for MessageId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

words! {
    /// What a message asks of its reader.
    pub enum Kind: "kind" {
        /// To know it.
        Inform = 0 "inform",
        /// To do something.
        Request = 1 "request",
        /// To weigh a proposal.
        Propose = 2 "propose",
        /// To take note of a decision; needs authority.
        Decide = 3 "decide",
        /// To take note of an approval; needs authority.
        Approve = 4 "approve",
        /// To take note of a rejection; needs authority.
        Reject = 5 "reject",
        /// To take over finished work; gates apply.
        Complete = 6 "complete",
    }
}

impl Kind {
    /// Whether sending it in a domain takes authority over that domain.
    pub const fn needs_authority(self) -> bool {
        matches!(self, Self::Decide | Self::Approve | Self::Reject)
    }
}

words! {
    /// The lane a message travels in; lower numbers go first.
    pub enum Priority: "priority" {
        /// Before everything.
        Critical = 0 "critical",
        /// Before the usual.
        High = 1 "high",
        /// The usual.
        Normal = 2 "normal",
        /// When there is nothing else.
        Info = 3 "info",
    }
}

/// A message, as it was accepted. It never changes; this is also the data of its `message.sent` event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who sent it.
    pub from: AgentName,
    /// The addresses as the sender wrote them: names, `domain:NAME`, `*`.
    pub to: Vec<String>,
    /// The agents that it goes to, as far as they are written with it.
    pub recipients: Vec<AgentName>,
    /// Whether workers write further recipients.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fan_out: bool,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// The media type of the body.
    pub content_type: String,
    /// What it asks of its reader.
    pub kind: Kind,
    /// Its lane.
    pub priority: Priority,
    /// The field of decisions it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<MessageId>,
    /// The first message of its thread; its own id where it is the first.
    pub thread_id: MessageId,
    /// What is attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attached>,
    /// Measurements for the gates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, f64>,
    /// An object of the sender's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
    /// When it is no longer worth reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When it becomes visible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_at: Option<Time>,
    /// How soon each recipient has to ack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_within: Option<Span>,
    /// When it was accepted.
    pub sent_at: Time,
    /// The W3C trace context it was sent in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What was made of it, where a rule diverted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// The media type of a body that names none.
pub const CONTENT_TYPE: &str = "text/markdown";

impl Message {
    /// Whether it begins its thread.
    pub fn begins_thread(&self) -> bool {
        self.thread_id == self.id
    }
}

words! {
    /// What a rule did with a message instead of delivering it as addressed.
    pub enum Action: "action" {
        /// It went to those who may decide it.
        Escalated = 0 "escalated",
        /// It went back to its sender.
        RevisionRequested = 1 "revision_requested",
    }
}

/// Why a message is not quite what its sender asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was done.
    pub action: Action,
    /// The rule that asked for it.
    pub rule: String,
    /// Why, in a sentence.
    pub detail: String,
    /// The gates that were weighed, if gates were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateResult>,
}
