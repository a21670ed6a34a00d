//! What the commands about decisions print alike.

use protocol::{Decision, DecisionState};

use crate::{Failure, Session, clean::clean, when};

/// Prints what became of a decision.
pub(crate) fn print(session: &mut Session, decision: &Decision) -> Result<(), Failure> {
    session.out.line(&sentence(decision))?;
    if let Some(note) = decision.note.as_deref().filter(|note| !note.is_empty()) {
        session.out.block(note)?;
    }
    let Some(edits) = &decision.edits else { return Ok(()) };
    if let Some(body) = &edits.body {
        session.out.line("With this text instead:")?;
        session.out.block(body)?;
    }
    for (metric, number) in edits.evidence.iter().flatten() {
        session.out.line(&format!("With {} = {number}", clean(metric)))?;
    }
    Ok(())
}

fn sentence(decision: &Decision) -> String {
    let subject = clean(&decision.subject);
    let by = decision.decided_by.as_deref().map_or_else(String::new, |by| format!(" by {}", clean(by)));
    let at = decision.decided_at.as_ref().map_or_else(String::new, |at| format!(", {} UTC", when::short(at)));
    match decision.state {
        DecisionState::Open => {
            let due =
                decision.due_at.as_ref().map_or_else(String::new, |due| format!(" until {} UTC", when::short(due)));
            format!("Open: {subject}; {} may decide{due}", clean(&decision.asked_of.join(", ")))
        }
        DecisionState::Expired => format!("Expired: {subject}; nobody decided in time"),
        state => {
            let word = state.as_str();
            let (first, rest) = word.split_at(1);
            format!("{}{rest}{by}{at}: {subject}", first.to_ascii_uppercase())
        }
    }
}

/// The exit of a command that waited: done where it is approved or answered, 1 where it is not to be, 4 where nobody decided.
pub(crate) fn exit(state: DecisionState) -> Result<(), Failure> {
    match state {
        DecisionState::Approved | DecisionState::Answered => Ok(()),
        DecisionState::Rejected | DecisionState::Withdrawn => Err(Failure::Told),
        DecisionState::Open | DecisionState::Expired => Err(Failure::Undecided),
    }
}
