//! Events: immutable, numbered, hash-chained facts. Every change is one.

use serde::{Deserialize, Serialize};

use crate::agent::{Agent, AgentName};
use crate::attachment::Digest;
use crate::delivery::Delivery;
use crate::message::MessageId;
use crate::time::Time;
use crate::words::words;

words! {
    /// What happened.
    pub enum EventKind: "event type" {
        /// A message was accepted. Its data is the whole message.
        MessageSent = 0 "coordination.message.sent",
        /// A further part of a message's recipients was written.
        MessageFannedOut = 1 "coordination.message.fanned_out",
        /// A delivery was leased or pushed for the first time.
        MessageDelivered = 2 "coordination.message.delivered",
        /// A delivery was leased again.
        MessageLeased = 3 "coordination.message.leased",
        /// A lease was extended.
        MessageExtended = 4 "coordination.message.extended",
        /// A delivery is pending again: its lease ran out, or its deferral is over.
        MessageReturned = 5 "coordination.message.returned",
        /// The recipient has done with it.
        MessageAcked = 6 "coordination.message.acked",
        /// The recipient gave it back.
        MessageNacked = 7 "coordination.message.nacked",
        /// The recipient put it off.
        MessageDeferred = 8 "coordination.message.deferred",
        /// Its time passed.
        MessageExpired = 9 "coordination.message.expired",
        /// It was given up.
        MessageDead = 10 "coordination.message.dead",
        /// It was brought back from the dead letters.
        MessageRedriven = 11 "coordination.message.redriven",
        /// The recipient was reminded of its ack deadline.
        MessageReminded = 12 "coordination.message.reminded",
        /// A person was told that nobody acked in time.
        MessageEscalated = 13 "coordination.message.escalated",
        /// A message was refused or diverted for want of authority.
        AuthorityRefused = 14 "coordination.authority.refused",
        /// A domain was lent.
        AuthorityGranted = 15 "coordination.authority.granted",
        /// A message was refused or diverted by a gate.
        GateFailed = 16 "coordination.gate.failed",
        /// An agent was registered.
        AgentRegistered = 17 "coordination.agent.registered",
        /// An agent was changed.
        AgentUpdated = 18 "coordination.agent.updated",
        /// An agent was retired.
        AgentRetired = 19 "coordination.agent.retired",
        /// An attachment was stored.
        AttachmentStored = 20 "coordination.attachment.stored",
        /// A key was made.
        KeyCreated = 21 "coordination.key.created",
        /// A key was revoked.
        KeyRevoked = 22 "coordination.key.revoked",
        /// The tenant was made.
        TenantCreated = 23 "coordination.tenant.created",
        /// An agent's webhook is signed with a new secret.
        WebhookSecretRotated = 24 "coordination.webhook.secret_rotated",
    }
}

impl EventKind {
    /// Whether it tells what one delivery has become.
    pub const fn is_of_delivery(self) -> bool {
        matches!(
            self,
            Self::MessageDelivered
                | Self::MessageLeased
                | Self::MessageExtended
                | Self::MessageReturned
                | Self::MessageAcked
                | Self::MessageNacked
                | Self::MessageDeferred
                | Self::MessageExpired
                | Self::MessageDead
                | Self::MessageRedriven
                | Self::MessageReminded
                | Self::MessageEscalated
        )
    }
}

/// An event before it has its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Time,
    /// The message it is about; none for [`EventKind::MessageSent`], whose message has the event's own position.
    pub message: Option<MessageId>,
    /// The agent it is about; none for [`EventKind::MessageSent`], whose sender stands in the message.
    pub agent: Option<AgentName>,
    /// The data, JSON, exactly as it is stored and hashed.
    pub data: String,
}

/// An event in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its position: dense per tenant, from 1.
    pub seq: i64,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Time,
    /// The message it is about.
    pub message: Option<MessageId>,
    /// The agent it is about, or who sent the message.
    pub agent: Option<AgentName>,
    /// The data, JSON, exactly as hashed.
    pub data: String,
    /// Its hash.
    pub hash: Digest,
    /// The hash of the event before; zeros before the first.
    pub previous: Digest,
}

/// The data of every event about one delivery: what it has become, and why.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeliveryChanged<'a> {
    /// The delivery after the change.
    pub delivery: std::borrow::Cow<'a, Delivery>,
    /// Why, where somebody or a rule said why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<std::borrow::Cow<'a, str>>,
}

impl NewEvent {
    /// An event about one delivery.
    pub fn of_delivery(kind: EventKind, at: Time, delivery: &Delivery, reason: Option<&str>) -> Self {
        let data = DeliveryChanged { delivery: std::borrow::Cow::Borrowed(delivery), reason: reason.map(Into::into) };
        Self { message: Some(delivery.message), agent: Some(delivery.agent.clone()), ..Self::of(kind, at, &data) }
    }

    /// An event about an agent, which tells what it has become, as everybody may see it.
    pub fn of_agent(kind: EventKind, at: Time, agent: &Agent) -> Self {
        Self::of(kind, at, &agent.published()).about(&agent.name)
    }

    /// An event with any data and about nothing in particular.
    ///
    /// # Panics
    /// Never: the data are plain structs, which always become JSON.
    pub fn of(kind: EventKind, at: Time, data: &impl Serialize) -> Self {
        let data = serde_json::to_string(data).expect("plain structs become JSON");
        Self { kind, at, message: None, agent: None, data }
    }

    /// The same, about this agent.
    #[must_use]
    pub fn about(mut self, agent: &AgentName) -> Self {
        self.agent = Some(agent.clone());
        self
    }
}
