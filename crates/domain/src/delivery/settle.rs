//! Doing what a verb asks.

use super::{Change, Delivery, DeliveryPolicy, Notice, Receipt, State, Verb};
use crate::event::EventKind;
use crate::refusal::{Code, Refusal};
use crate::time::{Span, Time};

impl Delivery {
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
        let pause = delay.or_else(|| policy.pause(self.attempt)).filter(|pause| *pause > Span::ZERO);
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

    pub(super) fn die(self, why: String, now: Time) -> Change {
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

    pub(super) fn settle(&mut self, state: State, note: Option<String>, now: Time) {
        self.state = state;
        self.settled_at = Some(now);
        self.note = note;
        self.ack_by = None;
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
