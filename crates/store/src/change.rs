//! Changes: everything that can be written, as the engine hands it over.

use std::sync::Arc;

use domain::agent::Agent;
use domain::attachment::Attachment;
use domain::delivery::{Delivery, Verb};
use domain::directory::{Directory, Grant};
use domain::event::NewEvent;
use domain::message::{Message, MessageId};
use domain::webhook::SigningSecret;
use domain::{AgentName, Digest, Span, TenantId, Time};

use crate::KeyRow;
use crate::archive::Archiving;

/// One change in one tenant, whole or not at all.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whose world it changes.
    pub tenant: TenantId,
    /// When it is.
    pub now: Time,
    /// The version of the directory that it was decided on, where it was; another one is a conflict.
    pub version: Option<i64>,
    /// What it does.
    pub what: What,
}

/// What a change takes beside its texts, in bytes, roughly; and one recipient, or one row.
const CHANGE: usize = 512;
const ROW: usize = 64;

impl Change {
    /// What it takes in memory while it waits, in bytes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let events = |events: &[NewEvent]| events.iter().map(|event| ROW + event.data.len()).sum::<usize>();
        CHANGE
            + match &self.what {
                // The message once as it is and once as it is stored.
                What::Send(sending) => 2 * sending.data.len() + events(&sending.before),
                What::Record { events: all, facts } => events(all) + ROW * facts.len(),
                What::FanOut { agents, .. } => ROW * agents.len(),
                _ => 0,
            }
    }
}

/// What a change does.
#[derive(Clone, Debug)]
pub enum What {
    /// Sends a message that was decided on.
    Send(Box<Sending>),
    /// Records facts and the rows that hold them.
    Record {
        /// The events, in order.
        events: Vec<NewEvent>,
        /// The rows.
        facts: Vec<Fact>,
    },
    /// Leases the next pending deliveries of an agent.
    Claim {
        /// Whose inbox.
        agent: AgentName,
        /// How many at most.
        max: usize,
        /// For how long.
        lease: Span,
        /// Random; the leases' secrets are drawn from it.
        secret: u64,
        /// For a push: only where no other one of this agent is under way and pushes to it are not paused.
        push: bool,
    },
    /// Does what a verb asks with one delivery.
    Settle {
        /// Whose delivery.
        agent: AgentName,
        /// Of which message.
        message: MessageId,
        /// What is asked.
        verb: Verb,
        /// What the rules need to know.
        directory: Arc<Directory>,
        /// The id for a notice, should one be sent.
        notice: MessageId,
    },
    /// Does what is due with one delivery.
    Elapse {
        /// Whose delivery.
        agent: AgentName,
        /// Of the message at this position.
        seq: i64,
        /// What the rules need to know.
        directory: Arc<Directory>,
        /// Ids for the notices, should any be sent.
        notices: [MessageId; 3],
    },
    /// Brings back deliveries that wait for a trigger.
    Trigger {
        /// The trigger.
        name: String,
        /// How many at most.
        max: usize,
    },
    /// Writes a further part of a message's recipients.
    FanOut {
        /// The message's position.
        seq: i64,
        /// The last recipient written before; another one in the store is a conflict.
        after: String,
        /// The recipients, by name.
        agents: Vec<AgentName>,
        /// Whether there are no more.
        done: bool,
    },
    /// Moves the cursor of a reader of the log; never back.
    Advance {
        /// The reader.
        reader: &'static str,
        /// How far it has come.
        seq: i64,
    },
    /// Takes a step on the way of the log into the archive and out of the store.
    Archive(Archiving),
    /// Forgets idempotency keys whose time has passed.
    Forget {
        /// How many at most.
        max: usize,
    },
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The message; shared with the caller, who answers with it.
    pub message: Arc<Message>,
    /// The same as JSON: the bytes that are stored and hashed.
    pub data: String,
    /// Facts that come before it in the log.
    pub before: Vec<NewEvent>,
    /// The key under which it may be sent again without being sent twice.
    pub idempotency: Option<Idempotency>,
}

/// An idempotency key in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// The SHA-256 of the request it came with.
    pub fingerprint: Digest,
    /// Until when it is kept.
    pub until: Time,
}

/// A row that holds a fact which an event has recorded.
#[derive(Clone, Debug)]
pub enum Fact {
    /// An agent, new or changed. Moves the directory's version.
    Agent(Agent),
    /// A grant, new or renewed. Moves the directory's version.
    Grant(Grant),
    /// A key, new or revoked.
    Key(KeyRow),
    /// An attachment; one that is known stays as it is.
    Attachment(Attachment),
    /// A new secret of an agent's webhook.
    WebhookSecret {
        /// Whose webhook.
        agent: AgentName,
        /// The secret.
        secret: SigningSecret,
        /// Until when the one before, if there is one, signs along.
        previous_until: Time,
    },
}

/// A delivery that was leased, with its message's event.
#[derive(Debug)]
pub struct Claimed {
    /// The delivery.
    pub delivery: Delivery,
    /// The message, as stored.
    pub data: String,
}

/// What a change came to.
#[derive(Debug)]
pub enum Answer {
    /// The message stands at this position.
    Sent(i64),
    /// It was sent before, as this message.
    Replayed(MessageId),
    /// These were leased.
    Claimed(Vec<Claimed>),
    /// The delivery is now this.
    Settled(Delivery),
    /// So many deliveries changed.
    Moved(usize),
    /// It is done.
    Done,
}

/// A change that is durable.
#[derive(Debug)]
pub struct Committed {
    /// What it came to.
    pub answer: Answer,
    /// The agents that have something new to receive.
    pub woken: Vec<AgentName>,
}
