//! Drafts: what somebody wants to send.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::attachment::Attached;
use crate::decision::Act;
use crate::message::{Kind, MessageId, Priority};
use crate::time::{Span, Time};

/// What somebody wants to send; read, not yet judged.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who sends it; none: the only agent of the caller's key.
    pub from: Option<String>,
    /// Names, `domain:NAME` or `*`; empty: the domain's holders.
    pub to: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// What it asks.
    pub kind: Kind,
    /// Its lane.
    pub priority: Priority,
    /// The field of decisions it is about.
    pub domain: Option<String>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// What is attached.
    pub attachments: Vec<Attached>,
    /// Measurements for the gates.
    pub evidence: BTreeMap<String, f64>,
    /// An object of the sender's own.
    pub metadata: Option<Box<RawValue>>,
    /// How long it is worth reading.
    pub expires_in: Option<Span>,
    /// Until when it is worth reading.
    pub expires_at: Option<Time>,
    /// How long it stays invisible.
    pub deliver_in: Option<Span>,
    /// Until when it stays invisible.
    pub deliver_at: Option<Time>,
    /// How soon each recipient has to ack it.
    pub ack_within: Option<Span>,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
    /// What it does to the decision of the message that it answers, where that is said beside its kind.
    pub act: Option<Box<Act>>,
}
