//! Deliveries: one message for one recipient, and the states it goes through.

mod change;
mod elapse;
mod policy;
mod receipt;
mod settle;
mod verb;

pub use change::{Change, Notice};
pub use policy::DeliveryPolicy;
pub use receipt::Receipt;
pub use verb::{Until, Verb};

use serde::{Deserialize, Serialize};

use crate::agent::AgentName;
use crate::event::EventKind;
use crate::message::{Message, MessageId, Priority};
use crate::time::{Span, Time};
use crate::words::words;

words! {
    /// Where a delivery stands.
    pub enum State: "state" {
        /// Waiting to be received.
        Pending = 0 "pending",
        /// In a recipient's hands until its lease runs out.
        Leased = 1 "leased",
        /// Waiting for a time or a trigger.
        Deferred = 2 "deferred",
        /// Done.
        Acked = 3 "acked",
        /// Its time passed.
        Expired = 4 "expired",
        /// Given up.
        Dead = 5 "dead",
    }
}

impl State {
    /// Whether something may still become of it.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Leased | Self::Deferred)
    }
}

/// One message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The message.
    pub message: MessageId,
    /// The message's position in the log.
    #[serde(skip)]
    pub seq: i64,
    /// The recipient.
    pub agent: AgentName,
    /// The message's lane.
    #[serde(skip, default = "usual")]
    pub priority: Priority,
    /// Where it stands.
    pub state: State,
    /// Leases so far; a deferral gives its lease back.
    pub attempt: i64,
    /// The secret of the latest lease; 0 before the first. It is never in the log: who reads the log may not ack.
    #[serde(skip)]
    pub lease: i64,
    /// When the current lease runs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_expires_at: Option<Time>,
    /// When the deferral ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred_until: Option<Time>,
    /// What ends the deferral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// When it is no longer worth reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// The next step of its ack deadline: the reminder, then the escalation; none: no deadline, or all said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_by: Option<Time>,
    /// Whether the recipient was reminded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reminded: bool,
    /// When it was first leased or pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Time>,
    /// When it was acked, expired or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Time>,
    /// The last word of the recipient, or of the rule that settled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

const fn usual() -> Priority {
    Priority::Normal
}

impl Delivery {
    /// The delivery of a new message to one recipient.
    pub fn new(message: &Message, agent: AgentName) -> Self {
        let state = if message.deliver_at.is_some() { State::Deferred } else { State::Pending };
        let visible_at = message.deliver_at.unwrap_or(message.sent_at);
        Self {
            message: message.id,
            seq: 0,
            agent,
            priority: message.priority,
            state,
            attempt: 0,
            lease: 0,
            lease_expires_at: None,
            deferred_until: message.deliver_at,
            trigger: None,
            expires_at: message.expires_at,
            ack_by: message.ack_within.map(|within| visible_at.plus(within)),
            reminded: false,
            delivered_at: None,
            settled_at: None,
            note: None,
        }
    }

    /// The receipt of the current or latest lease.
    pub fn receipt(&self) -> Receipt {
        Receipt { seq: self.seq, lease: self.lease }
    }

    /// The next time at which something has to happen to it by itself; none: nothing will. A lease in hand protects from
    /// expiry until it ends.
    pub fn due(&self) -> Option<Time> {
        let own = match self.state {
            State::Pending => self.expires_at,
            State::Leased => self.lease_expires_at,
            State::Deferred => [self.deferred_until, self.expires_at].into_iter().flatten().min(),
            State::Acked | State::Expired | State::Dead => return None,
        };
        [own, self.ack_by].into_iter().flatten().min()
    }

    /// Leases a pending delivery until `now` + `lease`.
    #[must_use]
    pub fn lease(mut self, now: Time, lease: Span, secret: i64) -> Change {
        let kind = if self.delivered_at.is_none() { EventKind::MessageDelivered } else { EventKind::MessageLeased };
        self.state = State::Leased;
        self.attempt += 1;
        self.lease = secret;
        self.lease_expires_at = Some(now.plus(lease));
        self.delivered_at = self.delivered_at.or(Some(now));
        Change { delivery: self, kind, reason: None, notice: None }
    }

    /// Changes it; a lease and a deferral end with the state they belong to.
    fn changed(mut self, kind: EventKind, reason: Option<String>, change: impl FnOnce(&mut Self)) -> Change {
        change(&mut self);
        if self.state != State::Leased {
            self.lease_expires_at = None;
        }
        if self.state != State::Deferred {
            self.deferred_until = None;
            self.trigger = None;
        }
        Change { delivery: self, kind, reason, notice: None }
    }
}
