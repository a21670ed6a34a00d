//! What reading answers: facts put together for who asks, before any protocol gives them a shape.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::agent::{Agent, AgentName};
use crate::attachment::Digest;
use crate::authority::OnViolation;
use crate::decision::Decision;
use crate::delivery::{Delivery, State};
use crate::directory::Grant;
use crate::key::Role;
use crate::message::Message;
use crate::page::Paged;
use crate::time::Time;

/// A message, its place and where its deliveries stand.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// The message.
    pub message: Arc<Message>,
    /// Its position in the log.
    pub seq: i64,
    /// Its recipients, as far as they are written, each with its state.
    pub recipients: Vec<(AgentName, State)>,
    /// Whether workers still write recipients.
    pub fanning_out: bool,
    /// What it asks to be decided, where it asks.
    pub decision: Option<Decision>,
}

/// A message and each of its deliveries.
#[derive(Clone, Debug)]
pub struct Receipts {
    /// The message.
    pub message: MessageView,
    /// Its deliveries, in the order of its recipients.
    pub deliveries: Vec<Delivery>,
}

/// A message that was sent, now or before.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message.
    pub message: MessageView,
    /// Whether it was sent before, under the same idempotency key.
    pub replayed: bool,
}

/// A delivery and its message.
#[derive(Clone, Debug)]
pub struct InboxItem {
    /// The delivery.
    pub delivery: Delivery,
    /// The message.
    pub message: Arc<Message>,
}

/// A look into an inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// Its deliveries, in the order in which they are received.
    pub items: Paged<InboxItem>,
    /// How many there are in each state, by [`State::ALL`].
    pub counts: [i64; 6],
}

/// An agent and when it was last there.
#[derive(Clone, Debug)]
pub struct AgentView {
    /// The agent.
    pub agent: Agent,
    /// When it last received or sent a heartbeat, as far as is remembered.
    pub last_seen: Option<Time>,
}

/// Who may decide what, now.
#[derive(Clone, Debug)]
pub struct AuthorityView {
    /// The active holders of each domain, by grant too.
    pub domains: BTreeMap<String, Vec<AgentName>>,
    /// The grants that run.
    pub grants: Vec<Grant>,
    /// Who may decide everything.
    pub final_authority: Vec<AgentName>,
    /// What happens to a decision without authority.
    pub on_violation: OnViolation,
}

/// Who is calling, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The tenant's name.
    pub tenant: String,
    /// What it may do there.
    pub role: Role,
    /// Whom it speaks and reads for; for the role `agent` only.
    pub agents: Vec<AgentName>,
    /// The key's id; none where none was needed.
    pub key: Option<String>,
}

/// Where a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The position of the last event.
    pub seq: i64,
    /// Its hash.
    pub hash: Digest,
    /// Its time; none before the first event.
    pub at: Option<Time>,
}

/// What verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Events whose hash was recomputed.
    pub checked: i64,
    /// Deliveries that were compared.
    pub deliveries: i64,
    /// Decisions that were compared.
    pub decisions: i64,
    /// Rows of agents, grants, keys, attachments and webhook secrets that were compared.
    pub rows: i64,
    /// Attachments whose bytes were read, where that was asked for.
    pub attachments: Option<i64>,
    /// What was not checked, and why.
    pub left_out: Vec<String>,
    /// The position that the log begins after; what was before it is in the archive, and 0 where nothing is.
    pub trimmed_seq: i64,
    /// Events that are kept from before it.
    pub kept: i64,
    /// Where the log ends.
    pub head_seq: i64,
    /// The hash it ends with.
    pub head_hash: Digest,
    /// What is wrong; none: all is well. At most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
}

/// What checking an archive found.
#[derive(Clone, Debug, Default)]
pub struct ArchiveReport {
    /// Segments that were read.
    pub segments: i64,
    /// Events whose hash was recomputed.
    pub checked: i64,
    /// The last event in the archive.
    pub last_seq: i64,
    /// What is wrong; none: all is well.
    pub problems: Vec<Problem>,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The position in the log, where there is one.
    pub seq: Option<i64>,
    /// What sort of problem: `hash`, `gap`, `content`, `head`, `delivery`, `decision`, `count`, `message`, `cursor`, `idempotency`,
    /// `agent`, `grant`, `key`, `webhook-secret`, `attachment`, `database`.
    pub what: &'static str,
    /// What exactly.
    pub detail: String,
}

/// Whether requests should come here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Whether they should.
    pub ready: bool,
    /// Each part.
    pub checks: BTreeMap<&'static str, Check>,
}

/// One part and how it is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How.
    pub status: Status,
    /// Why, where something is wrong.
    pub detail: Option<String>,
}

/// How one part is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should.
    Ok,
    /// Away or slow; everything goes on without it.
    Degraded,
    /// Away; without it nothing goes on.
    Down,
}

/// Problems after which looking for more is no use.
pub const PROBLEMS_MAX: usize = 100;
