//! What became of a request that was sent before decisions were kept: its thread says so.

use super::{Change, Decision, DecisionState, Ruling};
use crate::agent::AgentName;
use crate::message::{Kind, Message};
use crate::time::Time;

impl Decision {
    /// The decision of a request, and what became of it by the answers in its thread, the earliest first: the first direct answer
    /// of a kind that decides, by somebody who was asked or whose authority was checked, counts.
    pub fn of_thread(message: &Message, answers: &[Message], now: Time) -> (Self, Option<Change>) {
        let opened = Self::open(message, message.domain.clone());
        let change = answers.iter().find_map(|answer| opened.by_answer(message, answer));
        let change = change.or_else(|| opened.clone().elapse(message.id, now)).map(|mut change| {
            // Nobody is told of what ended long ago.
            change.decision.outcome_message_id = change.decision.outcome_message_id.filter(|id| *id != message.id);
            change
        });
        (opened, change)
    }

    fn by_answer(&self, message: &Message, answer: &Message) -> Option<Change> {
        let state = match (answer.kind, message.kind) {
            (Kind::Approve, _) => DecisionState::Approved,
            (Kind::Reject, _) => DecisionState::Rejected,
            (Kind::Decide, _) | (Kind::Complete, Kind::Request) => DecisionState::Answered,
            _ => return None,
        };
        let asked = message.fan_out || message.recipients.contains(&answer.from);
        let checked = answer.kind.needs_authority() && answer.domain.is_some() && answer.domain == message.domain;
        let foreign = answer.from == message.from || answer.from == AgentName::system() || answer.outcome.is_some();
        if answer.in_reply_to != Some(message.id) || foreign || !(asked || checked) {
            return None;
        }
        let ruling = Ruling {
            state,
            by: answer.from.clone(),
            message: Some(answer.id),
            note: None,
            edits: None,
            overturn: false,
        };
        self.clone().rule(ruling, answer.sent_at).ok()
    }
}
