//! Notices: the messages that the system itself sends.

use serde_json::value::RawValue;

use crate::agent::AgentName;
use crate::decision::Decision;
use crate::delivery::Delivery;
use crate::directory::Directory;
use crate::gate::{self, GateResult};
use crate::message::{Action, CONTENT_TYPE, Kind, Message, MessageId, Outcome, Priority};
use crate::time::Time;

fn from_system(original: &Message, id: MessageId, to: Vec<AgentName>, now: Time) -> Message {
    Message {
        id,
        from: AgentName::system(),
        to: to.iter().map(ToString::to_string).collect(),
        recipients: to,
        fan_out: false,
        subject: String::new(),
        body: String::new(),
        content_type: CONTENT_TYPE.to_owned(),
        kind: Kind::Inform,
        priority: Priority::High,
        domain: original.domain.clone(),
        in_reply_to: Some(original.id),
        thread_id: original.thread_id,
        attachments: Vec::new(),
        evidence: std::collections::BTreeMap::new(),
        metadata: None,
        expires_at: None,
        deliver_at: None,
        ack_within: None,
        sent_at: now,
        traceparent: original.traceparent.clone(),
        outcome: None,
    }
}

fn titled(prefix: &str, original: &Message) -> String {
    format!("{prefix}: {}", original.subject).chars().take(200).collect()
}

fn metadata(value: &serde_json::Value) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(value).ok()
}

/// Tells a sender that a delivery of its message was not acked, and why; none where the system itself sent it.
pub fn bounce(original: &Message, delivery: &Delivery, why: &str, id: MessageId, now: Time) -> Option<Message> {
    if original.from == AgentName::system() {
        return None;
    }
    let mut message = from_system(original, id, vec![original.from.clone()], now);
    message.subject = titled("Undelivered", original);
    message.body = format!(
        "Your message `{}` to `{}` was not acked: {why}.\n\nSubject: {}\nState: {}\nAttempts: {}",
        original.id, delivery.agent, original.subject, delivery.state, delivery.attempt
    );
    message.metadata = metadata(&serde_json::json!({"bounce": {
        "message_id": original.id, "agent": delivery.agent, "state": delivery.state,
        "attempts": delivery.attempt, "reason": why,
    }}));
    Some(message)
}

/// Reminds a recipient of a message that it has not acked in time.
pub fn reminder(original: &Message, delivery: &Delivery, id: MessageId, now: Time) -> Message {
    let mut message = from_system(original, id, vec![delivery.agent.clone()], now);
    message.subject = titled("Reminder", original);
    message.body = format!(
        "`{}` waits for your ack of its message `{}`, which was due within {}. If it stays without, this is escalated.",
        original.from,
        original.id,
        original.ack_within.unwrap_or_default()
    );
    message
}

/// Tells the one who answers for a recipient that it has not acked in time: its `escalate_to`, else the final authority;
/// none where nobody active is left to tell.
pub fn escalation(
    original: &Message,
    delivery: &Delivery,
    directory: &Directory,
    id: MessageId,
    now: Time,
) -> Option<Message> {
    let named = directory.agent(delivery.agent.as_str()).and_then(|agent| agent.escalate_to.clone());
    let named = named.filter(|name| directory.agent(name.as_str()).is_some_and(crate::agent::Agent::is_active));
    let to = named.map_or_else(|| directory.final_authority(), |name| vec![name]);
    if to.is_empty() {
        return None;
    }
    let mut message = from_system(original, id, to, now);
    message.kind = Kind::Request;
    message.priority = Priority::Critical;
    message.subject = titled("Not acked in time", original);
    message.body = format!(
        "`{}` has not acked the message `{}` from `{}` within {}, nor after a reminder.\n\nSubject: {}\nState: {}",
        delivery.agent,
        original.id,
        original.from,
        original.ack_within.unwrap_or_default(),
        original.subject,
        delivery.state
    );
    Some(message)
}

/// Sends a message that failed its gates back to its sender, in its thread.
pub fn revision(original: &Message, gates: Vec<GateResult>, id: MessageId, now: Time) -> Message {
    let mut message = from_system(original, id, vec![original.from.clone()], now);
    // The original was never sent, so the thread is the one it would have joined, or begins here.
    message.in_reply_to = original.in_reply_to;
    if original.in_reply_to.is_none() {
        message.thread_id = id;
    }
    let detail = gate::describe(&gates);
    message.kind = Kind::Reject;
    message.subject = titled("Revision requested", original);
    message.body = format!("Your `{}` was not delivered: {detail}. Send it again with better evidence.", original.kind);
    message.metadata = metadata(&serde_json::json!({"revision": {
        "to": original.to, "subject": original.subject, "kind": original.kind, "evidence": original.evidence,
    }}));
    let rule = "quality_gates.on_failure: request_revision".to_owned();
    message.outcome = Some(Outcome { action: Action::RevisionRequested, rule, detail, gates });
    message
}

/// Tells who asked that nobody has decided in time; none where the system itself asked.
pub fn undecided(original: &Message, decision: &Decision, id: MessageId, now: Time) -> Option<Message> {
    if original.from == AgentName::system() {
        return None;
    }
    let mut message = from_system(original, id, vec![original.from.clone()], now);
    message.subject = titled("Nobody decided in time", original);
    let until = decision.due_at.unwrap_or(now);
    let asked = decision.asked_of.join(", ");
    message.body = format!("Your `{}` to {asked} could be decided until {until}. Nobody did.", original.kind);
    message.metadata = metadata(&serde_json::json!({"decision": {
        "message_id": original.id, "state": decision.state,
    }}));
    Some(message)
}

/// Tells the final authority that a decision waits for it, because whoever was asked is retired; none where somebody who was
/// asked before is left.
pub fn reassigned(
    original: &Message,
    before: &Decision,
    after: &Decision,
    id: MessageId,
    now: Time,
) -> Option<Message> {
    let new = after.asked_of.iter().filter(|name| !before.asked_of.contains(name));
    let to: Vec<AgentName> = new.map(|name| AgentName::stored(name.clone())).collect();
    if to.is_empty() {
        return None;
    }
    let mut message = from_system(original, id, to, now);
    message.subject = titled("To be decided by you", original);
    let asked = before.asked_of.join(", ");
    message.body = format!(
        "`{}` asked {asked}, who is retired. The message `{}` waits for your decision.\n\nSubject: {}",
        original.from, original.id, original.subject
    );
    message.metadata = metadata(&serde_json::json!({"decision": {
        "message_id": original.id, "state": after.state,
    }}));
    Some(message)
}
