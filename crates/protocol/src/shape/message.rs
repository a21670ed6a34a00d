use crate::{AttachmentRef, Metadata, RecipientState, RecipientStatus, Recipients};
use domain::attachment::Attached;
use domain::filter::MessageFilter;
use domain::message::Kind;
use domain::send::Draft;
use domain::view::MessageView;
use domain::{MessageId, Priority, Refusal, State};

use super::{Reading, time};

/// The draft that a request asks to send.
pub fn draft(request: crate::SendMessage, traceparent: Option<String>) -> Result<Draft, Refusal> {
    let mut reading = Reading::default();
    let draft = Draft {
        from: request.from,
        to: request.to.map(Recipients::into_vec).unwrap_or_default(),
        subject: request.subject,
        body: request.body,
        content_type: request.content_type,
        kind: request.kind.unwrap_or(Kind::Inform),
        priority: request.priority.unwrap_or(Priority::Normal),
        domain: request.domain,
        in_reply_to: request.in_reply_to.map(MessageId),
        attachments: attached(request.attachments, &mut reading),
        evidence: request.evidence,
        metadata: request.metadata.map(Metadata::into_raw),
        expires_in: reading.span("expires_in", request.expires_in),
        expires_at: reading.time("expires_at", request.expires_at),
        deliver_in: reading.span("deliver_in", request.deliver_in),
        deliver_at: reading.time("deliver_at", request.deliver_at),
        ack_within: reading.span("ack_within", request.ack_within),
        traceparent,
    };
    reading.finish(draft)
}

fn attached(refs: Vec<AttachmentRef>, reading: &mut Reading) -> Vec<Attached> {
    let each = refs.into_iter().enumerate().filter_map(|(index, attachment)| {
        let sha256 = reading.value(&format!("attachments[{index}].sha256"), &attachment.sha256)?;
        Some(Attached { sha256, name: attachment.name })
    });
    each.collect()
}

/// A message with what is known of its recipients.
pub fn message(view: MessageView) -> crate::Message {
    let MessageView { message, seq, recipients, fanning_out } = view;
    let message = std::sync::Arc::unwrap_or_clone(message);
    let spreading =
        message.to.iter().filter(|_| fanning_out).map(|to| recipient(to.clone(), RecipientStatus::FanningOut));
    let known = recipients.into_iter().map(|(agent, state)| recipient(agent.into(), status(state)));
    let recipients = known.chain(spreading).collect();
    let outcome = message.outcome.map(|outcome| crate::Outcome {
        action: outcome.action,
        rule: outcome.rule,
        to: message.to.clone(),
        detail: outcome.detail,
    });
    let attachments = message.attachments.into_iter();
    crate::Message {
        id: message.id.0,
        seq: seq as u64,
        thread_id: message.thread_id.0,
        sent_at: time(message.sent_at),
        from: message.from.into(),
        to: Some(message.to.into()).filter(|to: &Recipients| !to.as_slice().is_empty()),
        subject: message.subject,
        body: message.body,
        content_type: message.content_type,
        kind: message.kind,
        priority: message.priority,
        domain: message.domain,
        in_reply_to: message.in_reply_to.map(|id| id.0),
        attachments: attachments.map(|a| AttachmentRef { sha256: a.sha256.to_string(), name: a.name }).collect(),
        evidence: message.evidence,
        metadata: message.metadata.and_then(Metadata::new),
        traceparent: message.traceparent,
        expires_at: message.expires_at.map(time),
        deliver_at: message.deliver_at.map(time),
        ack_within: message.ack_within.map(|within| within.to_string()),
        recipients,
        outcome,
    }
}

fn recipient(agent: String, state: RecipientStatus) -> RecipientState {
    RecipientState { agent, state }
}

/// The word on the wire for the state of one recipient.
const fn status(state: State) -> RecipientStatus {
    match state {
        State::Pending => RecipientStatus::Pending,
        State::Leased => RecipientStatus::Leased,
        State::Deferred => RecipientStatus::Deferred,
        State::Acked => RecipientStatus::Acked,
        State::Expired => RecipientStatus::Expired,
        State::Dead => RecipientStatus::Dead,
    }
}

/// Which messages a query asks for.
pub fn filter(query: crate::MessagesQuery) -> Result<MessageFilter, Refusal> {
    let mut reading = Reading::default();
    let filter = MessageFilter {
        from: query.from.and_then(|name| reading.value("from", &name)),
        to: query.to.and_then(|name| reading.value("to", &name)),
        thread: query.thread.map(MessageId),
        domain: query.domain.and_then(|name| reading.value("domain", &name)),
        kind: query.kind,
        priority: query.priority,
        q: query.q,
        since: reading.time("since", query.since),
        until: reading.time("until", query.until),
    };
    reading.finish(filter)
}
