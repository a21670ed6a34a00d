//! Sending: from a draft and what is known to a message, or to a refusal that says what to change.

mod draft;
mod fields;
mod recipients;
mod verdict;

pub use draft::Draft;

use serde_json::value::RawValue;

use crate::agent::{Agent, AgentName, SYSTEM};
use crate::authority;
use crate::directory::Directory;
use crate::event::NewEvent;
use crate::key::Caller;
use crate::message::{CONTENT_TYPE, Message, MessageId};
use crate::nearest;
use crate::refusal::{Code, Refusal};
use crate::remedy::Remedy;
use crate::time::Time;
use fields::Times;

/// What a decision about a draft may know.
pub struct Known<'a> {
    /// The tenant's directory.
    pub directory: &'a Directory,
    /// Who is calling.
    pub caller: &'a Caller,
    /// The thread of the message it answers, where it answers one.
    pub thread: Option<MessageId>,
    /// The id for the message.
    pub id: MessageId,
    /// When it is.
    pub now: Time,
}

/// What is to be done about a draft.
#[derive(Debug)]
pub enum Decision {
    /// Send this message, and record these facts before it.
    Send(Box<Message>, Vec<NewEvent>),
    /// Send nothing, answer this, and record this fact.
    Refuse(Box<Refusal>, NewEvent),
}

/// Judges a draft: the sender, the fields, authority, recipients, gates, in this order.
///
/// A refusal for a fault of the request itself comes as an error and leaves no trace; one by authority or gate comes as
/// [`Decision::Refuse`], with the event that records it.
pub fn decide(draft: Draft, known: &Known<'_>) -> Result<Decision, Refusal> {
    let from = sender(&draft, known)?;
    let limits = &known.directory.policy.limits;
    let mut errors = fields::check(&draft, limits);
    let times = Times::of(&draft, known.now, limits, &mut errors);
    check_sender_priority(&draft, from)?;
    if let Some(first) = errors.first() {
        let mut refusal = Refusal::field(first.0, &first.1.field, &first.1.why);
        refusal.errors = errors.into_iter().map(|(_, error)| error).collect();
        return Err(refusal);
    }
    let from = from.name.clone();
    let mut message = Box::new(compose(draft, from, times, known));
    let mut facts = Vec::new();
    if let Err(violation) =
        authority::check(known.directory, &message.from, message.kind, message.domain.as_deref(), known.now)
    {
        match verdict::divert(&mut message, violation, known) {
            Ok(fact) => facts.push(fact),
            Err((refusal, fact)) => return Ok(Decision::Refuse(Box::new(refusal), fact)),
        }
    } else {
        recipients::resolve(&mut message, known)?;
    }
    Ok(verdict::weigh(message, facts, known))
}

fn sender<'a>(draft: &Draft, known: &Known<'a>) -> Result<&'a Agent, Refusal> {
    speaker(may_send(draft, known.caller)?, known.caller, known.directory)
}

/// The name that a draft is sent under, where the caller may send under it. This right is asked for whatever else is known of the
/// draft, also where it was sent before.
pub fn may_send<'a>(draft: &'a Draft, caller: &'a Caller) -> Result<&'a str, Refusal> {
    let Some(name) = draft.from.as_deref().or(caller.only_agent().map(AgentName::as_str)) else {
        return Err(Refusal::field(Code::MissingField, "from", "say which agent sends it"));
    };
    may_speak(name, caller)?;
    Ok(name)
}

/// Fails unless a caller may speak as the agent of this name, whether or not there is one.
fn may_speak(name: &str, caller: &Caller) -> Result<(), Refusal> {
    if name == SYSTEM {
        return Err(Refusal::field(Code::ReservedName, "from", "only the system itself sends as `system`"));
    }
    caller.must_act_as(name)
}

/// The agent as whom a caller may speak: an active one, and one of the key's own where the key has any.
pub fn speaker<'a>(name: &str, caller: &Caller, directory: &'a Directory) -> Result<&'a Agent, Refusal> {
    may_speak(name, caller)?;
    match directory.agent(name) {
        Some(agent) if agent.is_active() => Ok(agent),
        Some(_) => Err(Refusal::field(Code::UnknownSender, "from", format!("`{name}` is retired"))),
        None => {
            let names = directory.active().map(|agent| agent.name.as_str());
            let why = nearest::unknown("agent", name, names.collect::<Vec<_>>());
            let remedy = Remedy::RegisterAgent(AgentName::is_valid(name).then(|| name.to_owned()));
            Err(Refusal::field(Code::UnknownSender, "from", why).with_remedy(remedy))
        }
    }
}

fn check_sender_priority(draft: &Draft, from: &Agent) -> Result<(), Refusal> {
    match from.max_priority_sent {
        Some(max) if draft.priority < max => {
            let why = format!("`{}` may send up to `{max}`, not `{}`", from.name, draft.priority);
            Err(Refusal::field(Code::PriorityNotAllowed, "priority", why))
        }
        _ => Ok(()),
    }
}

/// Metadata without line breaks, so that an event that holds it fits one line of a stream. In JSON, raw line breaks are only white
/// space.
fn one_line(metadata: Box<RawValue>) -> Box<RawValue> {
    if !metadata.get().contains(['\r', '\n']) {
        return metadata;
    }
    RawValue::from_string(metadata.get().replace(['\r', '\n'], " ")).unwrap_or(metadata)
}

fn compose(draft: Draft, from: AgentName, times: Times, known: &Known<'_>) -> Message {
    Message {
        id: known.id,
        from,
        to: draft.to,
        recipients: Vec::new(),
        fan_out: false,
        subject: draft.subject,
        body: draft.body,
        content_type: draft.content_type.unwrap_or_else(|| CONTENT_TYPE.to_owned()),
        kind: draft.kind,
        priority: draft.priority,
        domain: draft.domain,
        in_reply_to: draft.in_reply_to,
        thread_id: known.thread.unwrap_or(known.id),
        attachments: draft.attachments,
        evidence: draft.evidence,
        metadata: draft.metadata.map(one_line),
        expires_at: times.expires_at,
        deliver_at: times.deliver_at,
        ack_within: draft.ack_within,
        sent_at: known.now,
        traceparent: draft.traceparent,
        outcome: None,
    }
}
