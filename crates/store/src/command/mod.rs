//! Commands: everything that can be written, one file each. A command says which question it asks under the lock of its
//! tenant's head, how the answer is read, and which rows and which outcome follow from both.
//!
//! A new command is a new file here and one line below; neither the queue nor a driver knows it.

mod adopt_decisions;
mod advance;
mod claim;
mod close_segment;
mod confirm_segment;
mod elapse;
mod expire_decision;
mod fan_out;
mod forget;
mod pending;
mod plan;
mod reassign_decision;
mod record;
mod remove_messages;
mod send;
mod settle;
mod trigger;
mod trim_log;

use std::fmt::Debug;

use domain::{AgentName, TenantId, Time};

pub use adopt_decisions::AdoptDecisions;
pub use advance::Advance;
pub use claim::{Claim, Claimed};
pub use close_segment::CloseSegment;
pub use confirm_segment::ConfirmSegment;
pub use elapse::Elapse;
pub use expire_decision::ExpireDecision;
pub(crate) use fan_out::FANNED_OUT;
pub use fan_out::FanOut;
pub use forget::Forget;
pub(crate) use pending::{Pending, Waiting};
pub(crate) use plan::Plan;
pub use reassign_decision::ReassignDecision;
pub use record::{Fact, Record};
pub use remove_messages::{Removal, RemoveMessages};
pub use send::{SendMessage, SendOutcome};
pub use settle::Settle;
pub use trigger::Trigger;
pub use trim_log::TrimLog;

use crate::Result;
use crate::value::{Row, Value};

/// One change in one tenant, whole or not at all.
#[derive(Clone, Debug)]
pub struct Change<C> {
    /// Whose data it changes.
    pub tenant: TenantId,
    /// When it is.
    pub now: Time,
    /// The version of the directory that it was decided on, where it was; another one is a conflict.
    pub version: Option<i64>,
    /// What it does.
    pub command: C,
}

/// A change that is durable.
#[derive(Debug)]
pub struct Committed<T> {
    /// What its command came to.
    pub outcome: T,
    /// The agents that have something new to receive.
    pub notify: Vec<AgentName>,
}

/// What a change does. Only this crate has commands: what they are made of has no name outside.
pub trait Command: Clone + Debug + Send + 'static {
    /// What it has to know before it is decided.
    type Loaded;
    /// What it comes to.
    type Outcome: Debug + Send + 'static;

    /// What its texts and lists take in memory while it waits, in bytes, roughly.
    fn bytes(&self) -> usize {
        0
    }

    /// How it shares a transaction with others that ask their questions at the same time.
    fn sharing(&self) -> Sharing<'_> {
        Sharing::Free
    }

    /// Its question, if it has one. It is one query at most, so that a driver can ask those of a whole group at once.
    fn query(&self, _context: &Context) -> Option<Query> {
        None
    }

    /// Reads the rows that answer [`Command::query`]; none where it has no question.
    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded>;

    /// Brings what was loaded up to date with what the same transaction has changed since it was asked for.
    fn overlay(&self, _loaded: &mut Self::Loaded, _plan: &Plan<'_>) {}

    /// Decides it and adds its rows to the transaction. Where it fails, it has added nothing.
    fn plan(self, loaded: Self::Loaded, plan: &mut Plan<'_>) -> Result<Self::Outcome>;
}

/// A query and its parameters.
pub(crate) type Query = (String, Vec<Value>);

/// Where and when a question is asked.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// In whose data.
    pub(crate) tenant: TenantId,
    /// When it is.
    pub(crate) now: Time,
    /// Rows that changes before it in the same transaction take first, see [`Sharing::Takes`].
    pub(crate) more: usize,
}

/// How a change shares a transaction with others that ask their questions before any of them has written.
#[derive(Clone, Copy, Debug)]
pub enum Sharing<'a> {
    /// With any.
    Free,
    /// With none: it removes rows that others may have asked for.
    Alone,
    /// With none of the same kind and key in its tenant: the second has to see the rows of the first.
    Unless(&'static str, Key<'a>),
    /// With any, but those that take from the same inbox ask for more, as those before them take the first ones.
    Takes(&'a AgentName, usize),
}

/// What tells changes of one kind apart.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// A text.
    Text(&'a str),
    /// A position.
    Position(i64),
}

/// What a change takes beside its texts, in bytes, roughly; and one recipient, or one row.
const CHANGE: usize = 512;
const ROW: usize = 64;

impl<C: Command> Change<C> {
    /// What it takes in memory while it waits, in bytes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        CHANGE + self.command.bytes()
    }
}

/// What events take in memory, in bytes, roughly.
fn bytes_of(events: &[domain::event::NewEvent]) -> usize {
    events.iter().map(|event| ROW + event.data.len()).sum()
}
