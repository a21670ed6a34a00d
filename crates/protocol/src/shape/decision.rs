use domain::decision::{Deciding, Edits};
use domain::message::Kind;
use domain::{Code, Refusal, Span};

use super::{Reading, time};
use crate::DecisionOutcome;

/// A decision on the wire.
pub fn decision(decision: domain::decision::Decision) -> crate::Decision {
    crate::Decision {
        message_id: decision.message_id.0,
        kind: decision.kind,
        subject: decision.subject,
        domain: decision.domain,
        asked_by: decision.asked_by.into(),
        asked_of: decision.asked_of,
        state: decision.state,
        due_at: decision.due_at.map(time),
        decided_by: decision.decided_by.map(String::from),
        decided_at: decision.decided_at.map(time),
        outcome_message_id: decision.outcome_message_id.map(|id| id.0),
        note: decision.note,
        edits: decision.edits.map(|Edits { body, evidence }| crate::Edits { body, evidence }),
    }
}

/// What a request wants decided.
pub fn deciding(request: crate::Decide) -> Result<Deciding, Refusal> {
    let kind = match request.outcome {
        DecisionOutcome::Approve => Kind::Approve,
        DecisionOutcome::Reject => Kind::Reject,
    };
    if kind == Kind::Reject && request.edits.is_some() {
        return Err(Refusal::field(Code::InvalidField, "edits", "only what is approved can be edited"));
    }
    let edits = request.edits.map(|crate::Edits { body, evidence }| Edits { body, evidence });
    Ok(Deciding { from: request.from, kind: Some(kind), note: request.note, edits, overturn: request.overturn })
}

/// What a request wants withdrawn.
pub fn withdrawing(request: crate::Withdraw) -> Deciding {
    Deciding { from: request.from, note: request.reason, ..Deciding::default() }
}

/// How long a query waits.
pub fn wait(text: Option<String>) -> Result<Span, Refusal> {
    let mut reading = Reading::default();
    let wait = reading.span("wait", text).unwrap_or_default();
    reading.finish(wait)
}
