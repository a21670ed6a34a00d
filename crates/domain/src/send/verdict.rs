//! What authority and gates make of a message: sent as it is, diverted, returned or refused; each with the event that says so.

use serde::Serialize;

use super::{Known, Verdict};
use crate::agent::AgentName;
use crate::authority::{OnViolation, Violation};
use crate::decision::Effect;
use crate::event::{EventKind, NewEvent};
use crate::gate::{self, GateResult, OnFailure};
use crate::message::{Action, Kind, Message, Outcome};
use crate::notice;
use crate::refusal::{Code, Refusal};
use crate::remedy::Remedy;

/// The data of an `authority.refused` event.
#[derive(Serialize)]
struct AuthorityRefused<'a> {
    #[serde(flatten)]
    violation: &'a Violation,
    subject: &'a str,
    outcome: &'a str,
}

/// The data of a `gate.failed` event.
#[derive(Serialize)]
struct GateFailed<'a> {
    from: &'a AgentName,
    kind: Kind,
    subject: &'a str,
    gates: &'a [GateResult],
    outcome: &'a str,
}

/// Sends a decision without authority to those who have it, or refuses it.
pub(super) fn divert(
    message: &mut Message,
    violation: Violation,
    known: &Known<'_>,
) -> Result<NewEvent, (Refusal, NewEvent)> {
    let escalates = known.directory.policy.on_violation == OnViolation::Escalate && !violation.holders.is_empty();
    let fact = fact(message, &violation, if escalates { "escalated" } else { "refused" }, known);
    if !escalates {
        return Err((violation.into(), fact));
    }
    message.kind = Kind::Propose;
    message.domain.clone_from(&violation.domain);
    message.to = violation.holders.iter().map(ToString::to_string).collect();
    message.recipients.clone_from(&violation.holders);
    let names = message.to.join(", ");
    message.outcome = Some(Outcome {
        action: Action::Escalated,
        detail: match &violation.domain {
            Some(domain) => format!("sent as a `propose` to {names}, who may {} in `{domain}`", violation.kind),
            None => format!("sent as a `propose` to {names}, who may {}", violation.kind),
        },
        rule: violation.rule,
        gates: Vec::new(),
    });
    Ok(fact)
}

fn fact(message: &Message, violation: &Violation, outcome: &str, known: &Known<'_>) -> NewEvent {
    let data = AuthorityRefused { violation, subject: &message.subject, outcome };
    NewEvent::of(EventKind::AuthorityRefused, known.now, &data).about(&message.from)
}

/// Refuses what nobody else is to do in the sender's name.
pub(super) fn forbid(message: &Message, violation: Violation, known: &Known<'_>) -> Verdict {
    let fact = fact(message, &violation, "refused", known);
    Verdict::Refuse(Box::new(violation.into()), fact)
}

/// Weighs the evidence, and sends, refuses, returns or escalates.
pub(super) fn weigh(mut message: Box<Message>, mut facts: Vec<NewEvent>, effect: Effect, known: &Known<'_>) -> Verdict {
    let policy = &known.directory.policy;
    let gates = policy.gates.weigh(message.kind, &message.evidence);
    if gates.iter().all(|gate| gate.passed) {
        let effect = effect_of(&message, effect);
        return Verdict::Send(message, facts, effect);
    }
    let finals = known.directory.final_authority();
    let on_failure = match policy.gates.on_failure {
        OnFailure::Escalate if finals.is_empty() => OnFailure::Reject,
        on_failure => on_failure,
    };
    let data = GateFailed {
        from: &message.from,
        kind: message.kind,
        subject: &message.subject,
        gates: &gates,
        outcome: on_failure.as_str(),
    };
    let fact = NewEvent::of(EventKind::GateFailed, known.now, &data).about(&message.from);
    match on_failure {
        OnFailure::Reject => return Verdict::Refuse(Box::new(gate_refusal(gates)), fact),
        OnFailure::RequestRevision => *message = notice::revision(&message, gates, known.id, known.now),
        OnFailure::Escalate => {
            message.to = finals.iter().map(ToString::to_string).collect();
            message.recipients = finals;
            message.fan_out = false;
            let rule = "quality_gates.on_failure: escalate".to_owned();
            let detail = format!("sent to the final authority: {}", gate::describe(&gates));
            message.outcome = Some(Outcome { action: Action::Escalated, rule, detail, gates });
        }
    }
    facts.push(fact);
    let effect = effect_of(&message, effect);
    Verdict::Send(message, facts, effect)
}

/// The effect of a message as it goes out: one that was diverted decides nothing, and asks where it has become a question.
fn effect_of(message: &Message, effect: Effect) -> Effect {
    match effect {
        Effect::Opens(domain) if message.asks() => Effect::Opens(domain),
        _ if message.asks() => Effect::Opens(message.domain.clone()),
        _ if message.outcome.is_some() => Effect::Nothing,
        Effect::Rules(decision, mut ruling) => {
            ruling.message = Some(message.id);
            Effect::Rules(decision, ruling)
        }
        effect => effect,
    }
}

fn gate_refusal(gates: Vec<GateResult>) -> Refusal {
    let mut refusal = Refusal::new(Code::GateFailed, format!("The work does not pass: {}.", gate::describe(&gates)));
    refusal = refusal.with_remedy(Remedy::MeetThresholds);
    refusal.gates = gates;
    refusal
}
