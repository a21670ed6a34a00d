//! The model: what an engine should hold, as plain maps; written from what users are promised, not from the engine's rules.

use std::collections::{BTreeMap, BTreeSet};

use domain::delivery::Receipt;
use domain::message::MessageId;
use domain::{Code, State};

use crate::command::{AGENTS, Asked, SendArgs, Shown, TRIGGERS, To};
use crate::decision::Decision;

/// Leases after which a delivery is dead.
pub(crate) const ATTEMPTS: i64 = 3;
/// Recipients that are written with a message.
pub(crate) const INLINE: usize = 2;

/// Where a delivery should stand; times are seconds of the test's clock.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) state: State,
    pub(crate) attempt: i64,
    pub(crate) lease_until: Option<i64>,
    pub(crate) deferred_until: Option<i64>,
    pub(crate) trigger: Option<usize>,
    pub(crate) expires: Option<i64>,
    pub(crate) ack_by: Option<i64>,
    pub(crate) reminded: bool,
    pub(crate) receipts: Vec<Receipt>,
}

/// A message and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    pub(crate) seq: i64,
    pub(crate) from: Option<usize>,
    pub(crate) lane: usize,
    pub(crate) args: Option<SendArgs>,
    pub(crate) sent: i64,
    pub(crate) fanning_out: bool,
    pub(crate) deliveries: BTreeMap<usize, Delivery>,
}

/// A message that the system should have sent: about which message, to whom, in which lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Notice {
    pub(crate) about: MessageId,
    pub(crate) to: usize,
    pub(crate) lane: usize,
}

/// The whole.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) pauses: Vec<i64>,
    pub(crate) retired: BTreeSet<usize>,
    pub(crate) messages: Vec<Message>,
    pub(crate) keys: BTreeMap<usize, (u64, MessageId)>,
    /// Events that should stand in the log.
    pub(crate) events: i64,
    /// Notices that were promised and are not seen yet.
    pub(crate) promised: Vec<Notice>,
    /// What was asked, by message.
    pub(crate) decisions: BTreeMap<MessageId, Decision>,
}

fn live(state: State) -> bool {
    matches!(state, State::Pending | State::Leased | State::Deferred)
}

impl World {
    /// A delivery of a args that becomes visible as the args says.
    pub(crate) fn delivery(args: &SendArgs, sent: i64) -> Delivery {
        let visible = sent + args.deliver_in.unwrap_or(0);
        Delivery {
            state: if args.deliver_in.is_some() { State::Deferred } else { State::Pending },
            attempt: 0,
            lease_until: None,
            deferred_until: args.deliver_in.map(|_| visible),
            trigger: None,
            expires: args.expires_in.map(|span| sent + span),
            ack_by: args.ack_within.map(|span| visible + span),
            reminded: false,
            receipts: Vec::new(),
        }
    }

    /// Whom a args reaches now, or why nobody.
    pub(crate) fn recipients(&self, args: &SendArgs) -> Result<Vec<usize>, Code> {
        if self.retired.contains(&args.from) {
            return Err(Code::UnknownSender);
        }
        if args.expires_in.is_some_and(|span| span <= args.deliver_in.unwrap_or(0)) {
            return Err(Code::InvalidDuration);
        }
        match &args.to {
            To::Named(named) if named.iter().any(|agent| self.retired.contains(agent)) => Err(Code::RetiredRecipient),
            To::Named(named) => Ok(named.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()),
            To::All => {
                let others: Vec<usize> = self.others(args.from).collect();
                if others.is_empty() { Err(Code::NoRecipients) } else { Ok(others) }
            }
        }
    }

    fn others(&self, from: usize) -> impl Iterator<Item = usize> {
        (0..AGENTS.len()).filter(move |agent| *agent != from && !self.retired.contains(agent))
    }

    /// Writes the recipients of every message that is being fanned out.
    pub(crate) fn fan_out(&mut self) {
        let everybody: Vec<usize> = (0..AGENTS.len()).filter(|agent| !self.retired.contains(agent)).collect();
        for message in self.messages.iter_mut().filter(|message| message.fanning_out) {
            let args = message.args.clone().expect("only letters are fanned out");
            for agent in everybody.iter().filter(|agent| **agent != args.from) {
                message.deliveries.insert(*agent, Self::delivery(&args, message.sent));
            }
            message.fanning_out = false;
            self.events += 1;
        }
    }

    /// What an agent would receive next, and what becomes of it.
    pub(crate) fn receive(&mut self, agent: usize, max: usize, lease: i64) -> Vec<MessageId> {
        let now = self.now;
        let mut ready: Vec<&mut Message> = self
            .messages
            .iter_mut()
            .filter(|message| {
                message.deliveries.get(&agent).is_some_and(|delivery| {
                    delivery.state == State::Pending && delivery.expires.is_none_or(|at| at > now)
                })
            })
            .collect();
        ready.sort_by_key(|message| (message.lane, message.seq));
        ready.truncate(max);
        self.events += ready.len() as i64;
        let take = |message: &mut Message| {
            let delivery = message.deliveries.get_mut(&agent).expect("it was just found");
            delivery.state = State::Leased;
            delivery.attempt += 1;
            delivery.lease_until = Some(now + lease);
            message.id
        };
        ready.into_iter().map(take).collect()
    }

    /// Does what a verb asks; answers the state it should be in then, or why not.
    pub(crate) fn settle(&mut self, at: usize, agent: usize, shown: Shown, asked: Asked) -> Result<State, Code> {
        let (now, message) = (self.now, &mut self.messages[at]);
        let (id, from) = (message.id, message.from);
        let delivery = message.deliveries.get_mut(&agent).expect("a delivery was picked");
        let latest = matches!(shown, Shown::Latest) && !delivery.receipts.is_empty()
            || matches!(shown, Shown::First) && delivery.receipts.len() == 1;
        let without = matches!(shown, Shown::Absent);
        if matches!(asked, Asked::Redrive) {
            return self.redrive(at, agent);
        }
        if matches!(asked, Asked::Defer { until: None, trigger: None }) {
            return Err(Code::MissingField);
        }
        if matches!(asked, Asked::Ack) && delivery.state == State::Acked && (latest || without) {
            return Ok(State::Acked);
        }
        if matches!(shown, Shown::Foreign) {
            return Err(Code::ForeignReceipt);
        }
        if without && !live(delivery.state) {
            return Err(Code::WrongState);
        }
        if !(without || latest && delivery.state == State::Leased) {
            return Err(Code::StaleReceipt);
        }
        let mut dies = false;
        match asked {
            Asked::Ack => delivery.state = State::Acked,
            Asked::Nack { .. } if delivery.attempt >= ATTEMPTS => dies = true,
            Asked::Nack { delay } => {
                let nth = usize::try_from(delivery.attempt - 1).expect("it was leased");
                let usual = self.pauses.get(nth).or(self.pauses.last()).copied();
                delivery.deferred_until = delay.or(usual).map(|pause| now + pause);
                delivery.state = if delivery.deferred_until.is_some() { State::Deferred } else { State::Pending };
            }
            Asked::Extend { lease } => delivery.lease_until = Some(now + lease),
            Asked::Defer { until, trigger } => {
                delivery.attempt -= i64::from(delivery.state == State::Leased);
                delivery.state = State::Deferred;
                (delivery.deferred_until, delivery.trigger) = (until.map(|span| now + span), trigger);
            }
            Asked::Terminate => dies = true,
            Asked::Redrive => {}
        }
        if dies {
            delivery.state = State::Dead;
        }
        delivery.tidy();
        let state = delivery.state;
        self.events += 1;
        if dies {
            self.bounce(id, from);
        }
        Ok(state)
    }

    fn redrive(&mut self, at: usize, agent: usize) -> Result<State, Code> {
        let now = self.now;
        let delivery = self.messages[at].deliveries.get_mut(&agent).expect("a delivery was picked");
        if delivery.state != State::Dead {
            return Err(Code::WrongState);
        }
        delivery.state = State::Pending;
        delivery.attempt = 0;
        delivery.expires = delivery.expires.filter(|at| *at > now);
        self.events += 1;
        Ok(State::Pending)
    }

    /// Brings back what waits for a trigger; answers how many.
    pub(crate) fn trigger(&mut self, trigger: usize) -> usize {
        let mut moved = 0;
        for delivery in self.messages.iter_mut().flat_map(|message| message.deliveries.values_mut()) {
            if delivery.state == State::Deferred && delivery.trigger == Some(trigger) {
                delivery.state = State::Pending;
                delivery.tidy();
                moved += 1;
            }
        }
        self.events += moved as i64;
        moved
    }

    /// Lets time pass, and does everything that falls due.
    pub(crate) fn advance(&mut self, by: i64) {
        self.now += by;
        self.expire();
        for at in 0..self.messages.len() {
            for agent in 0..AGENTS.len() {
                while self.elapse(at, agent) {
                    self.events += 1;
                }
            }
        }
    }

    /// Does the next thing that is due with one delivery; answers whether anything was.
    fn elapse(&mut self, at: usize, agent: usize) -> bool {
        let (now, message) = (self.now, &mut self.messages[at]);
        let (id, from) = (message.id, message.from);
        let within = message.args.as_ref().and_then(|args| args.ack_within);
        let Some(delivery) = message.deliveries.get_mut(&agent) else { return false };
        let passed = |time: Option<i64>| time.is_some_and(|time| time <= now);
        if delivery.state == State::Leased && passed(delivery.lease_until) {
            let dies = delivery.attempt >= ATTEMPTS;
            delivery.state = if dies { State::Dead } else { State::Pending };
            delivery.tidy();
            if dies {
                self.bounce(id, from);
            }
        } else if matches!(delivery.state, State::Pending | State::Deferred) && passed(delivery.expires) {
            delivery.state = State::Expired;
            delivery.tidy();
            self.bounce(id, from);
        } else if delivery.state == State::Deferred && passed(delivery.deferred_until) {
            delivery.state = State::Pending;
            delivery.tidy();
        } else if live(delivery.state) && passed(delivery.ack_by) && !delivery.reminded {
            delivery.reminded = true;
            delivery.ack_by = delivery.ack_by.zip(within).map(|(by, within)| by + within);
            self.promised.push(Notice { about: id, to: agent, lane: 1 });
        } else if live(delivery.state) && passed(delivery.ack_by) {
            delivery.ack_by = None;
            self.promised.push(Notice { about: id, to: 0, lane: 0 });
        } else {
            return false;
        }
        true
    }

    pub(crate) fn bounce(&mut self, about: MessageId, from: Option<usize>) {
        // Who is retired hears of nothing.
        let from = from.filter(|from| !self.retired.contains(from));
        self.promised.extend(from.map(|from| Notice { about, to: from, lane: 1 }));
    }
}

impl Delivery {
    /// Ends what belongs to a state that it has left.
    pub(crate) fn tidy(&mut self) {
        if self.state != State::Leased {
            self.lease_until = None;
        }
        if self.state != State::Deferred {
            (self.deferred_until, self.trigger) = (None, None);
        }
        if !live(self.state) {
            self.ack_by = None;
        }
    }

    /// The name of the trigger it waits for.
    pub(crate) fn trigger_name(&self) -> Option<&'static str> {
        self.trigger.map(|trigger| TRIGGERS[trigger])
    }
}
