//! Deliveries: one message for one recipient, and the states it goes through.

use serde::{Deserialize, Serialize};

use crate::agent::AgentName;
use crate::event::EventKind;
use crate::message::{Message, MessageId, Priority};
use crate::refusal::{Code, Refusal};
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

/// Leases, attempts and the pauses between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPolicy {
    /// The lease of a receive that names none.
    pub lease: Span,
    /// The longest lease.
    pub lease_max: Span,
    /// Leases after which a delivery is dead.
    pub max_attempts: i64,
    /// The pause after the nth attempt that was given back without a delay of its own; the last one repeats, none is no pause.
    pub backoff: Vec<Span>,
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self {
            lease: Span::from_secs(60),
            lease_max: Span::from_secs(12 * 3_600),
            max_attempts: 5,
            backoff: Vec::new(),
        }
    }
}

impl DeliveryPolicy {
    fn pause(&self, attempt: i64) -> Option<Span> {
        let nth = usize::try_from(attempt - 1).unwrap_or(0).min(self.backoff.len().saturating_sub(1));
        self.backoff.get(nth).copied().filter(|span| *span > Span::ZERO)
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

/// What has to be sent because of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Tell the sender that it was not acked, and why.
    Bounce(String),
    /// Remind the recipient.
    Remind,
    /// Tell the one who answers for it.
    Escalate,
}

/// A change of one delivery: what it becomes, the event that says so, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// After the change.
    pub delivery: Delivery,
    /// The event.
    pub kind: EventKind,
    /// Why, for the event.
    pub reason: Option<String>,
    /// What follows.
    pub notice: Option<Notice>,
}

/// What somebody wants done with a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is done. Without a receipt: whoever may act for the agent says so.
    Ack {
        /// The lease it was done under.
        receipt: Option<Receipt>,
        /// A last word.
        note: Option<String>,
    },
    /// Take it back.
    Nack {
        /// The lease it was held under.
        receipt: Receipt,
        /// Not again before this has passed.
        delay: Option<Span>,
        /// Why.
        reason: Option<String>,
    },
    /// More time.
    Extend {
        /// The lease to extend.
        receipt: Receipt,
        /// The new length, from now.
        lease: Span,
    },
    /// Not now.
    Defer {
        /// The lease it was held under.
        receipt: Option<Receipt>,
        /// Until when, if until a time.
        until: Option<Time>,
        /// Until what, if until a trigger.
        trigger: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Never again.
    Terminate {
        /// The lease it was held under.
        receipt: Option<Receipt>,
        /// Why.
        reason: String,
    },
    /// Back from the dead letters, with all its attempts.
    Redrive,
}

/// Proof of one lease of one delivery, written `seq.secret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The message's position.
    pub seq: i64,
    /// The lease's secret.
    pub lease: i64,
}

impl std::fmt::Display for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:016x}", self.seq, self.lease)
    }
}

impl std::str::FromStr for Receipt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |text: &str| {
            let (seq, lease) = text.split_once('.')?;
            Some(Self { seq: seq.parse().ok()?, lease: u64::from_str_radix(lease, 16).ok()? as i64 })
        };
        parse(text).ok_or_else(|| "this is no receipt: take it from the answer of a receive".to_owned())
    }
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

    /// Does what a verb asks; `None` where it was done before and stays as it is.
    pub fn apply(self, verb: Verb, policy: &DeliveryPolicy, now: Time) -> Result<Option<Change>, Refusal> {
        match verb {
            Verb::Ack { receipt, note } => self.ack(receipt, note, now),
            Verb::Nack { receipt, delay, reason } => {
                self.held_by(receipt)?;
                Ok(Some(self.give_back(delay, reason, policy, now)))
            }
            Verb::Extend { receipt, lease } => {
                self.held_by(receipt)?;
                Ok(Some(self.changed(EventKind::MessageExtended, None, |delivery| {
                    delivery.lease_expires_at = Some(now.plus(lease));
                })))
            }
            Verb::Defer { receipt, until, trigger, reason } => {
                self.open_to(receipt, "defer")?;
                Ok(Some(self.defer(until, trigger, reason)))
            }
            Verb::Terminate { receipt, reason } => {
                self.open_to(receipt, "terminate")?;
                Ok(Some(self.die(format!("terminated: {reason}"), now)))
            }
            Verb::Redrive => self.redrive(now),
        }
    }

    fn ack(self, receipt: Option<Receipt>, note: Option<String>, now: Time) -> Result<Option<Change>, Refusal> {
        if self.state == State::Acked && receipt.is_none_or(|receipt| receipt == self.receipt()) {
            return Ok(None);
        }
        self.open_to(receipt, "ack")?;
        Ok(Some(self.changed(EventKind::MessageAcked, note.clone(), |delivery| {
            delivery.settle(State::Acked, note, now);
        })))
    }

    fn give_back(self, delay: Option<Span>, reason: Option<String>, policy: &DeliveryPolicy, now: Time) -> Change {
        if self.attempt >= policy.max_attempts {
            let said = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let attempts = self.attempt;
            return self.die(format!("given back at attempt {attempts}, the last{said}"), now);
        }
        let pause = delay.filter(|delay| *delay > Span::ZERO).or_else(|| policy.pause(self.attempt));
        self.changed(EventKind::MessageNacked, reason, |delivery| {
            delivery.state = if pause.is_some() { State::Deferred } else { State::Pending };
            delivery.deferred_until = pause.map(|pause| now.plus(pause));
        })
    }

    fn defer(self, until: Option<Time>, trigger: Option<String>, reason: Option<String>) -> Change {
        self.changed(EventKind::MessageDeferred, reason, |delivery| {
            if delivery.state == State::Leased {
                delivery.attempt -= 1;
            }
            delivery.state = State::Deferred;
            delivery.deferred_until = until;
            delivery.trigger = trigger;
        })
    }

    fn die(self, why: String, now: Time) -> Change {
        let change = self.changed(EventKind::MessageDead, Some(why.clone()), |delivery| {
            delivery.settle(State::Dead, Some(why.clone()), now);
        });
        Change { notice: Some(Notice::Bounce(why)), ..change }
    }

    fn redrive(self, now: Time) -> Result<Option<Change>, Refusal> {
        if self.state != State::Dead {
            return Err(self.wrong_state("redriven; only dead ones can"));
        }
        Ok(Some(self.changed(EventKind::MessageRedriven, None, |delivery| {
            delivery.state = State::Pending;
            delivery.attempt = 0;
            delivery.settled_at = None;
            delivery.note = None;
            // What is brought back by hand is wanted, however late it is.
            delivery.expires_at = delivery.expires_at.filter(|at| *at > now);
            delivery.ack_by = None;
        })))
    }

    /// Ends a deferral that waits for a trigger.
    #[must_use]
    pub fn trigger(self) -> Change {
        let why = self.trigger.clone().map(|trigger| format!("triggered by {trigger}"));
        self.back(why)
    }

    /// Does the one next thing that is due by itself; `None` if nothing is. Called again until then.
    pub fn elapse(self, policy: &DeliveryPolicy, ack_within: Option<Span>, now: Time) -> Option<Change> {
        let passed = |time: Option<Time>| time.is_some_and(|time| time <= now);
        match self.state {
            State::Leased if passed(self.lease_expires_at) => Some(self.lease_ran_out(policy, now)),
            State::Pending | State::Deferred if passed(self.expires_at) => Some(self.expire(now)),
            State::Deferred if passed(self.deferred_until) => Some(self.back(Some("its time has come".to_owned()))),
            state if state.is_live() && passed(self.ack_by) => Some(self.overdue(ack_within)),
            _ => None,
        }
    }

    fn lease_ran_out(self, policy: &DeliveryPolicy, now: Time) -> Change {
        if self.attempt >= policy.max_attempts {
            let attempts = self.attempt;
            return self.die(format!("its lease ran out at attempt {attempts}, the last"), now);
        }
        self.back(Some("its lease ran out".to_owned()))
    }

    fn expire(self, now: Time) -> Change {
        let why = "it expired before it was acked";
        let change = self.changed(EventKind::MessageExpired, Some(why.to_owned()), |delivery| {
            delivery.settle(State::Expired, None, now);
        });
        Change { notice: Some(Notice::Bounce(why.to_owned())), ..change }
    }

    fn overdue(self, ack_within: Option<Span>) -> Change {
        let (kind, notice) = if self.reminded {
            (EventKind::MessageEscalated, Notice::Escalate)
        } else {
            (EventKind::MessageReminded, Notice::Remind)
        };
        let next = self.ack_by.filter(|_| !self.reminded).zip(ack_within).map(|(by, within)| by.plus(within));
        let change = self.changed(kind, None, |delivery| {
            delivery.reminded = true;
            delivery.ack_by = next;
        });
        Change { notice: Some(notice), ..change }
    }

    fn back(self, why: Option<String>) -> Change {
        self.changed(EventKind::MessageReturned, why, |delivery| delivery.state = State::Pending)
    }

    fn settle(&mut self, state: State, note: Option<String>, now: Time) {
        self.state = state;
        self.settled_at = Some(now);
        self.note = note;
        self.ack_by = None;
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

    fn held_by(&self, receipt: Receipt) -> Result<(), Refusal> {
        if receipt.seq != self.seq {
            return Err(Refusal::new(Code::ForeignReceipt, "This receipt belongs to another delivery.")
                .with_remedy("Use the receipt that came with this message."));
        }
        if self.state == State::Leased && receipt.lease == self.lease {
            return Ok(());
        }
        let why = match self.state {
            State::Leased => "somebody else holds a newer lease".to_owned(),
            state => format!("the delivery is {state}"),
        };
        Err(Refusal::new(Code::StaleReceipt, format!("This receipt's lease is over: {why}."))
            .with_remedy("Receive the message again and use the new receipt."))
    }

    fn open_to(&self, receipt: Option<Receipt>, verb: &str) -> Result<(), Refusal> {
        match receipt {
            Some(receipt) => self.held_by(receipt),
            None if self.state.is_live() => Ok(()),
            None => Err(self.wrong_state(&format!("asked to {verb}"))),
        }
    }

    fn wrong_state(&self, what: &str) -> Refusal {
        Refusal::new(Code::WrongState, format!("The delivery is {} and cannot be {what}.", self.state))
    }
}
