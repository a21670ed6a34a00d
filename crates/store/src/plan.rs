//! What a change means: from the change and what it was told to rows and an answer, or to a refusal without a trace.

use std::sync::Arc;

use domain::delivery::{Change as DeliveryChange, Delivery, Notice, Verb};
use domain::directory::Directory;
use domain::event::{EventKind, NewEvent};
use domain::message::{Message, MessageId};
use domain::rebuild::FannedOut;
use domain::refusal::{Code, Refusal};
use domain::{AgentName, Span, State, TenantId, Time, notice};

use crate::change::{Answer, Change, Claimed, Committed, Sending, What};
use crate::load::{self, Facts};
use crate::rows::Batch;
use crate::statements::{ADVANCE, FORGET, UPDATE_FAN_OUT};
use crate::{Error, Result, archive};

/// Decides a change and adds its rows to the batch. Where it fails, it has added nothing.
pub(crate) fn decide(change: Change, facts: Facts, batch: &mut Batch) -> Result<Committed> {
    let Change { tenant, now, version, what } = change;
    if version.is_some_and(|version| batch.heads.get(&tenant).is_none_or(|head| head.version != version)) {
        return Err(Error::Conflict);
    }
    let plan = Plan { tenant, now, batch };
    match (what, facts) {
        (What::Send(_), Facts::SentBefore(message)) => Ok(done(Answer::Replayed(message))),
        (What::Send(sending), _) => plan.send(*sending),
        (What::Record { events, facts }, _) => plan.record(events, facts),
        (What::Claim { lease, secret, push, .. }, Facts::Deliveries(found)) => plan.claim(found, lease, secret, push),
        (What::Settle { agent, message, verb, directory, notice }, Facts::Deliveries(found)) => {
            plan.settle(found, (&agent, message), verb, &directory, notice)
        }
        (What::Elapse { directory, notices, .. }, Facts::Deliveries(found)) => plan.elapse(found, &directory, notices),
        (What::Trigger { .. }, Facts::Deliveries(found)) => plan.trigger(found),
        (What::FanOut { seq, after, agents, done }, Facts::FanOut(known)) => {
            plan.fan_out(known, seq, &after, agents, done)
        }
        (What::Advance { reader, seq }, _) => {
            plan.batch.push((&ADVANCE, vec![tenant.0.into(), reader.into(), seq.into()]));
            Ok(done(Answer::Done))
        }
        (What::Archive(step), Facts::Archive(rows)) => archive::plan(tenant, step, rows, plan.batch).map(done),
        (What::Forget { max }, _) => {
            plan.batch.push((&FORGET, vec![tenant.0.into(), now.into(), (max as i64).into()]));
            Ok(done(Answer::Done))
        }
        (what, facts) => Err(Error::Corrupt(format!("{what:?} was told {facts:?}"))),
    }
}

/// What stands in `messages.fan_out` when every recipient is written; greater than every name.
pub(crate) const FANNED_OUT: &str = "~";

fn done(answer: Answer) -> Committed {
    Committed { answer, woken: Vec::new() }
}

/// One change being planned.
struct Plan<'a> {
    tenant: TenantId,
    now: Time,
    batch: &'a mut Batch,
}

impl Plan<'_> {
    fn send(self, sending: Sending) -> Result<Committed> {
        let Sending { message, data, before, idempotency } = sending;
        for event in before {
            self.batch.event(self.tenant, event)?;
        }
        let seq = self.batch.message(self.tenant, &message, data)?;
        if let Some(idempotency) = idempotency {
            self.batch.idempotency(self.tenant, idempotency, &message);
        }
        // Who sent it knows whom to wake.
        Ok(done(Answer::Sent(seq)))
    }

    fn record(self, events: Vec<NewEvent>, facts: Vec<crate::Fact>) -> Result<Committed> {
        for event in events {
            self.batch.event(self.tenant, event)?;
        }
        for fact in facts {
            self.batch.fact(self.tenant, fact, self.now)?;
        }
        Ok(done(Answer::Done))
    }

    fn claim(self, found: Vec<(Delivery, String)>, lease: Span, secret: u64, push: bool) -> Result<Committed> {
        let mut claimed = Vec::with_capacity(found.len());
        for (before, data) in found {
            // Distinct per delivery; all of one claim go to one receiver, so they need not hide from each other.
            let secret = secret ^ (before.seq as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let change = before.clone().lease(self.now, lease, secret as i64);
            self.batch.change(self.tenant, &before, &change, self.now)?;
            if push {
                self.batch.push_lane(self.tenant, &change.delivery);
            }
            claimed.push(Claimed { delivery: change.delivery, data });
        }
        Ok(done(Answer::Claimed(claimed)))
    }

    fn settle(
        mut self,
        found: Vec<(Delivery, String)>,
        (agent, message): (&AgentName, MessageId),
        verb: Verb,
        directory: &Arc<Directory>,
        notice: MessageId,
    ) -> Result<Committed> {
        let Some((before, data)) = found.into_iter().next() else {
            let detail = format!("There is no message `{message}` in the inbox of `{agent}`.");
            return Err(Refusal::new(Code::NotFound, detail).into());
        };
        let Some(change) = before.clone().apply(verb, &directory.policy.delivery, self.now)? else {
            return Ok(done(Answer::Settled(before)));
        };
        // Read before anything is written: what fails must have left nothing.
        let original = change.notice.is_some().then(|| load::message(&data)).transpose()?;
        let mut woken = Vec::from_iter(self.change(&before, &change)?);
        if let Some(original) = original {
            woken.extend(self.notice(&change, &original, directory, notice)?);
        }
        Ok(Committed { answer: Answer::Settled(change.delivery), woken })
    }

    /// Does everything that is due with one delivery: a lease that ran out may be followed by an expiry, and that by nothing.
    fn elapse(
        mut self,
        found: Vec<(Delivery, String)>,
        directory: &Arc<Directory>,
        notices: [MessageId; 3],
    ) -> Result<Committed> {
        let mut committed = done(Answer::Moved(0));
        let Some((mut delivery, data)) = found.into_iter().next().filter(|(found, _)| load::is_due(found, self.now))
        else {
            return Ok(committed);
        };
        let message = load::message(&data)?;
        let policy = &directory.policy.delivery;
        for id in notices {
            let Some(change) = delivery.clone().elapse(policy, message.ack_within, self.now) else { break };
            committed.woken.extend(self.change(&delivery, &change)?);
            committed.woken.extend(self.notice(&change, &message, directory, id)?);
            committed.answer = Answer::Moved(1);
            delivery = change.delivery;
        }
        Ok(committed)
    }

    fn trigger(mut self, found: Vec<(Delivery, String)>) -> Result<Committed> {
        let mut woken = Vec::new();
        let moved = found.len();
        for (before, _) in found {
            let change = before.clone().trigger();
            woken.extend(self.change(&before, &change)?);
        }
        Ok(Committed { answer: Answer::Moved(moved), woken })
    }

    fn fan_out(
        self,
        known: Option<(String, Box<Message>)>,
        seq: i64,
        after: &str,
        agents: Vec<AgentName>,
        last: bool,
    ) -> Result<Committed> {
        let Some((_, message)) = known.filter(|(written, _)| written == after) else {
            return Err(Error::Conflict);
        };
        let part = FannedOut { message_id: message.id, recipients: agents, done: last };
        let mut event = NewEvent::of(EventKind::MessageFannedOut, self.now, &part);
        event.message = Some(message.id);
        self.batch.event(self.tenant, event)?;
        for agent in &part.recipients {
            self.batch.new_delivery(self.tenant, &message, seq, agent);
        }
        let written = part.recipients.last().map_or(after, AgentName::as_str);
        let written = if last { FANNED_OUT } else { written };
        self.batch.push((&UPDATE_FAN_OUT, vec![self.tenant.0.into(), seq.into(), written.into()]));
        let woken = if message.deliver_at.is_none() { part.recipients } else { Vec::new() };
        Ok(Committed { answer: Answer::Done, woken })
    }

    fn change(&mut self, before: &Delivery, change: &DeliveryChange) -> Result<Option<AgentName>> {
        self.batch.change(self.tenant, before, change, self.now)?;
        let wakes = change.delivery.state == State::Pending && before.state != State::Pending;
        Ok(wakes.then(|| change.delivery.agent.clone()))
    }

    fn notice(
        &mut self,
        change: &DeliveryChange,
        original: &Message,
        directory: &Directory,
        id: MessageId,
    ) -> Result<Vec<AgentName>> {
        let delivery = &change.delivery;
        let message = match &change.notice {
            None => None,
            Some(Notice::Bounce(why)) => notice::bounce(original, delivery, why, id, self.now),
            Some(Notice::Remind) => Some(notice::reminder(original, delivery, id, self.now)),
            Some(Notice::Escalate) => notice::escalation(original, delivery, directory, id, self.now),
        };
        let Some(message) = message else { return Ok(Vec::new()) };
        let data = serde_json::to_string(&message).map_err(|error| Error::Corrupt(error.to_string()))?;
        self.batch.message(self.tenant, &message, data)?;
        Ok(message.recipients)
    }
}
