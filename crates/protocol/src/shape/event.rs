use domain::filter::EventFilter;
use domain::view::{ArchiveReport, Problem, Report};
use domain::{AgentName, Code, Digest, Event, EventKind, MessageId, Refusal};
use serde_json::value::RawValue;

use super::time;

/// An event as `CloudEvents` has it.
pub fn event(event: Event, tenant: &str) -> crate::Event {
    let message = event.message.map(|id| id.to_string());
    crate::Event {
        specversion: "1.0".to_owned(),
        id: format!("{tenant}/{}", event.seq),
        source: format!("/tenants/{tenant}"),
        kind: event.kind.as_str().to_owned(),
        subject: message.or_else(|| event.agent.map(String::from)),
        time: time(event.at),
        datacontenttype: "application/json".to_owned(),
        sequence: event.seq as u64,
        hash: event.hash.to_string(),
        previoushash: event.previous.to_string(),
        data: RawValue::from_string(event.data).unwrap_or_else(|_| RawValue::NULL.to_owned()),
    }
}

/// Which events a query asks for.
pub fn filter(kind: Option<&str>, agent: Option<String>, message: Option<uuid::Uuid>) -> Result<EventFilter, Refusal> {
    let agent = agent.map(|name| name.parse::<AgentName>()).transpose();
    let agent = agent.map_err(|why| Refusal::field(Code::InvalidField, "agent", why))?;
    Ok(EventFilter { kind: kind.map(to_kind).transpose()?, agent, message: message.map(MessageId) })
}

/// Reads an event type, with or without `coordination.` before it.
fn to_kind(text: &str) -> Result<EventKind, Refusal> {
    let full = if text.starts_with("coordination.") { text.to_owned() } else { format!("coordination.{text}") };
    full.parse().map_err(|why: String| Refusal::field(Code::InvalidField, "type", why))
}

/// The end of the log.
pub fn head(seq: i64, hash: Digest) -> crate::EventsHead {
    crate::EventsHead { seq: seq as u64, hash: hash.to_string() }
}

/// What checking the log found.
pub fn verification(report: Report, archive: Option<ArchiveReport>) -> crate::Verification {
    let problem = |problem: Problem| crate::ChainProblem {
        seq: problem.seq.map(|seq| seq as u64),
        what: problem.what.to_string(),
        detail: problem.detail,
    };
    let mut problems: Vec<_> = report.problems.into_iter().map(problem).collect();
    let archive = archive.map(|found| {
        problems.extend(found.problems.into_iter().map(problem));
        crate::ArchiveVerification {
            segments: found.segments as u64,
            checked: found.checked as u64,
            last: found.last_seq as u64,
        }
    });
    crate::Verification {
        ok: problems.is_empty(),
        checked: report.checked as u64,
        head: head(report.head_seq, report.head_hash),
        deliveries_checked: report.deliveries as u64,
        trimmed: report.trimmed_seq as u64,
        archive,
        problems,
    }
}
