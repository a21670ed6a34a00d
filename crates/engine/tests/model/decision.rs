//! Decisions, as the model knows them: asked in no domain, so that whoever was asked and `human` decide.

use std::collections::BTreeSet;

use domain::message::MessageId;
use domain::{Code, State};

use crate::command::{Ruling, SendArgs};
use crate::world::{Notice, World};

/// The final authority.
const HUMAN: usize = 0;

/// What was asked, and what should have become of it.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) asked_by: usize,
    /// Who was asked; none: workers write whom it reaches.
    pub(crate) asked_of: Option<BTreeSet<usize>>,
    pub(crate) due: Option<i64>,
    /// What it became, and by whom; none: it is open.
    pub(crate) ruled: Option<(Became, Option<usize>)>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    Approved,
    Rejected,
    Withdrawn,
    Expired,
}

impl World {
    /// Notes that a message asks, if it does.
    pub(crate) fn ask(&mut self, id: MessageId, args: &SendArgs, recipients: Option<BTreeSet<usize>>) {
        if args.asks {
            let due = args.expires_in.map(|span| self.now + span);
            let decision = Decision { asked_by: args.from, asked_of: recipients, due, ruled: None };
            self.decisions.insert(id, decision);
            self.events += 1;
        }
    }

    /// Rules on a decision; answers to whom the message goes that says so, or why not.
    pub(crate) fn rule(&mut self, id: MessageId, agent: usize, ruling: Ruling) -> Result<BTreeSet<usize>, Code> {
        let message = self.messages.iter().find(|message| message.id == id).expect("it was sent");
        let received = message.deliveries.contains_key(&agent);
        let active = |agent: &usize| !self.retired.contains(agent);
        let decision = self.decisions.get(&id).expect("it was asked");
        if !active(&agent) {
            return Err(Code::UnknownSender);
        }
        let asks = decision.asked_by == agent;
        let asked = received || decision.asked_of.as_ref().is_some_and(|asked| asked.contains(&agent));
        let became = decision.ruled.map(|(became, _)| became);
        if ruling == Ruling::Withdraw {
            if !asks {
                return Err(Code::Forbidden);
            }
        } else if asks {
            return Err(Code::SelfApproval);
        } else if !(asked || agent == HUMAN) {
            return Err(Code::OutsideAuthority);
        }
        if became.is_some() {
            let overturns = ruling == Ruling::Overturn && became != Some(Became::Withdrawn);
            if !overturns {
                return Err(Code::AlreadyDecided);
            }
            if agent != HUMAN {
                return Err(Code::OutsideAuthority);
            }
        }
        let to: BTreeSet<usize> = match (ruling, &decision.asked_of) {
            (Ruling::Withdraw, Some(asked)) => asked.iter().copied().filter(active).collect(),
            (Ruling::Withdraw, None) => return Err(Code::Internal),
            _ => Some(decision.asked_by).into_iter().filter(active).collect(),
        };
        let became = match ruling {
            Ruling::Approve => Became::Approved,
            Ruling::Reject | Ruling::Overturn => Became::Rejected,
            Ruling::Withdraw => Became::Withdrawn,
        };
        self.decisions.get_mut(&id).expect("it was asked").ruled = Some((became, Some(agent)));
        self.events += 2;
        Ok(if to.is_empty() { BTreeSet::from([HUMAN]) } else { to })
    }

    /// Ends what nobody has decided in time.
    pub(crate) fn expire(&mut self) {
        let now = self.now;
        for (id, decision) in &mut self.decisions {
            if decision.ruled.is_none() && decision.due.is_some_and(|due| due <= now) {
                decision.ruled = Some((Became::Expired, None));
                self.events += 1;
                self.promised.push(Notice { about: *id, to: decision.asked_by, lane: 1 });
            }
        }
    }

    /// Retires an agent.
    pub(crate) fn retire(&mut self, agent: usize) {
        self.events += i64::from(self.retired.insert(agent));
        self.settle_retired(agent);
    }

    /// Gives up what waits for every retired agent, and asks others what was asked of it.
    pub(crate) fn sweep(&mut self) {
        for agent in self.retired.clone() {
            self.settle_retired(agent);
        }
    }

    fn settle_retired(&mut self, agent: usize) {
        let mut dead = Vec::new();
        for message in &mut self.messages {
            let Some(delivery) = message.deliveries.get_mut(&agent) else { continue };
            if matches!(delivery.state, State::Pending | State::Deferred) {
                delivery.state = State::Dead;
                delivery.tidy();
                dead.push((message.id, message.from));
            }
        }
        self.events += dead.len() as i64;
        for (id, from) in dead {
            self.bounce(id, from);
        }
        for (id, decision) in self.decisions.iter_mut().filter(|(_, decision)| decision.ruled.is_none()) {
            let Some(asked) = decision.asked_of.as_mut() else { continue };
            if !asked.remove(&agent) {
                continue;
            }
            self.events += 1;
            asked.retain(|agent| !self.retired.contains(agent));
            if asked.is_empty() {
                asked.insert(HUMAN);
                self.promised.push(Notice { about: *id, to: HUMAN, lane: 1 });
            }
        }
    }
}
