//! What becomes of a decision, and the event that says so.

use super::{Decision, DecisionState, Edits};
use crate::agent::AgentName;
use crate::directory::Directory;
use crate::event::EventKind;
use crate::message::MessageId;
use crate::refusal::{Code, Refusal};
use crate::time::Time;

/// What somebody makes of a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// What it is to become.
    pub state: DecisionState,
    /// Who says so.
    pub by: AgentName,
    /// The message that says so, where one does.
    pub message: Option<MessageId>,
    /// Why.
    pub note: Option<String>,
    /// What was approved instead.
    pub edits: Option<Edits>,
    /// Whether it replaces what was decided before; only the final authority comes so far.
    pub overturn: bool,
}

/// A decision after a change, and the event that says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// After the change.
    pub decision: Decision,
    /// The event.
    pub kind: EventKind,
    /// What was decided before, where that was overturned.
    pub before: Option<Decision>,
}

impl Decision {
    /// Rules on it. Fails with `already-decided`, which names who, when and what, where it is no longer open and the ruling does
    /// not overturn it. What was withdrawn stays so.
    pub fn rule(self, ruling: Ruling, now: Time) -> Result<Change, Refusal> {
        let open = self.is_open(now);
        let overturns = !open && ruling.overturn && self.state != DecisionState::Withdrawn;
        if !open && !overturns {
            return Err(self.already_decided());
        }
        let kind = match ruling.state {
            _ if overturns => EventKind::DecisionOverturned,
            DecisionState::Withdrawn => EventKind::DecisionWithdrawn,
            _ => EventKind::DecisionMade,
        };
        let before = overturns.then(|| self.clone());
        let decision = Self {
            state: ruling.state,
            decided_by: Some(ruling.by),
            decided_at: Some(now),
            outcome_message_id: ruling.message,
            note: ruling.note,
            edits: ruling.edits,
            ..self
        };
        Ok(Change { decision, kind, before })
    }

    /// Ends it where its time has passed and nobody has decided.
    pub fn elapse(self, notice: MessageId, now: Time) -> Option<Change> {
        if self.state != DecisionState::Open || self.is_open(now) {
            return None;
        }
        let decision = Self {
            state: DecisionState::Expired,
            decided_at: Some(now),
            outcome_message_id: Some(notice).filter(|_| self.asked_by != AgentName::system()),
            ..self
        };
        Some(Change { decision, kind: EventKind::DecisionExpired, before: None })
    }

    /// Asks the final authority where nobody active is left of those who were asked; forgets the retired ones otherwise.
    /// None where there is nothing to change. Addresses of a message with very many recipients stay as they are.
    pub fn reassign(self, directory: &Directory) -> Option<Change> {
        if self.state != DecisionState::Open {
            return None;
        }
        let gone = |name: &String| directory.agent(name).is_some_and(|agent| !agent.is_active());
        if !self.asked_of.iter().any(gone) {
            return None;
        }
        let mut asked_of: Vec<String> = self.asked_of.iter().filter(|name| !gone(name)).cloned().collect();
        if asked_of.is_empty() {
            asked_of = directory.final_authority().iter().map(ToString::to_string).collect();
        }
        if asked_of.is_empty() {
            return None;
        }
        Some(Change { decision: Self { asked_of, ..self }, kind: EventKind::DecisionReassigned, before: None })
    }

    /// The refusal of who comes too late.
    pub fn already_decided(&self) -> Refusal {
        let detail = match (&self.decided_by, self.decided_at, self.due_at) {
            (Some(by), Some(at), _) => {
                format!("Message `{}` was {} by `{by}` at {at}.", self.message_id, self.state)
            }
            (None, _, Some(due)) => format!("Message `{}` expired at {due}; nobody had decided.", self.message_id),
            _ => format!("Message `{}` was {}.", self.message_id, self.state),
        };
        let mut refusal = Refusal::new(Code::AlreadyDecided, detail);
        refusal = refusal.with_remedy(match self.state {
            DecisionState::Withdrawn | DecisionState::Open | DecisionState::Expired => "Ask again with a new message.",
            _ => "Ask again with a new message; the final authority may overturn it, with `overturn` and a note.",
        });
        refusal.decision = Some(Box::new(self.clone()));
        refusal
    }
}
