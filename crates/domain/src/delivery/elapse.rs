//! What happens to a delivery by itself, when its time has come.

use super::{Change, Delivery, DeliveryPolicy, Notice, State};
use crate::event::EventKind;
use crate::time::{Span, Time};

impl Delivery {
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
}
