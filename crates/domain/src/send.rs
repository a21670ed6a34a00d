//! Sending: from a draft and what is known to a message, or to a refusal that says what to change.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::agent::{Agent, AgentName, SYSTEM};
use crate::attachment::Attached;
use crate::authority::{self, OnViolation, Violation};
use crate::directory::Directory;
use crate::event::{EventKind, NewEvent};
use crate::gate::{self, GateResult, OnFailure};
use crate::key::Caller;
use crate::limits::Limits;
use crate::message::{Action, Kind, Message, MessageId, Outcome, Priority};
use crate::nearest;
use crate::notice;
use crate::refusal::{Code, Refusal};
use crate::time::{Span, Time};

/// What somebody wants to send; read, not yet judged.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who sends it; none: the only agent of the caller's key.
    pub from: Option<String>,
    /// Names, `domain:NAME` or `*`; empty: the domain's holders.
    pub to: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// What it asks.
    pub kind: Kind,
    /// Its lane.
    pub priority: Priority,
    /// The field of decisions it is about.
    pub domain: Option<String>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// What is attached.
    pub attachments: Vec<Attached>,
    /// Measurements for the gates.
    pub evidence: BTreeMap<String, f64>,
    /// An object of the sender's own.
    pub metadata: Option<Box<RawValue>>,
    /// How long it is worth reading.
    pub expires_in: Option<Span>,
    /// Until when it is worth reading.
    pub expires_at: Option<Time>,
    /// How long it stays invisible.
    pub deliver_in: Option<Span>,
    /// Until when it stays invisible.
    pub deliver_at: Option<Time>,
    /// How soon each recipient has to ack it.
    pub ack_within: Option<Span>,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
}

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

/// Judges a draft: the sender, the fields, authority, recipients, gates, in this order.
///
/// A refusal for a fault of the request itself comes as an error and leaves no trace; one by authority or gate comes as
/// [`Decision::Refuse`], with the event that records it.
pub fn decide(draft: Draft, known: &Known<'_>) -> Result<Decision, Refusal> {
    let from = sender(&draft, known)?;
    let limits = &known.directory.policy.limits;
    let mut errors = check_fields(&draft, limits);
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
        match divert_violation(&mut message, violation, known) {
            Ok(fact) => facts.push(fact),
            Err((refusal, fact)) => return Ok(Decision::Refuse(Box::new(refusal), fact)),
        }
    } else {
        resolve(&mut message, known)?;
    }
    Ok(weigh(message, facts, known))
}

fn sender<'a>(draft: &Draft, known: &Known<'a>) -> Result<&'a Agent, Refusal> {
    let name = match (&draft.from, known.caller.agents.as_slice()) {
        (Some(name), _) => name.as_str(),
        (None, [only]) if known.caller.readable().is_some() => only.as_str(),
        (None, _) => {
            return Err(Refusal::field(Code::MissingField, "from", "say which agent sends it"));
        }
    };
    if name == SYSTEM {
        return Err(Refusal::field(Code::ReservedName, "from", "only the system itself sends as `system`"));
    }
    known.caller.must_act_as(name)?;
    match known.directory.agent(name) {
        Some(agent) if agent.is_active() => Ok(agent),
        Some(_) => Err(Refusal::field(Code::UnknownSender, "from", format!("`{name}` is retired"))),
        None => {
            let names = known.directory.active().map(|agent| agent.name.as_str());
            let why = nearest::unknown("agent", name, names.collect::<Vec<_>>());
            let remedy = format!("Register it: PUT /api/v1/agents/{name}, or `coord agents put {name}`.");
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

type Errors = Vec<(Code, crate::refusal::FieldError)>;

fn fault(errors: &mut Errors, code: Code, field: &str, why: impl Into<String>) {
    errors.push((code, crate::refusal::FieldError { field: field.to_owned(), why: why.into() }));
}

fn check_fields(draft: &Draft, limits: &Limits) -> Errors {
    let mut errors = Errors::new();
    let chars = draft.subject.chars().count();
    if draft.subject.trim().is_empty() {
        fault(&mut errors, Code::InvalidField, "subject", "must not be empty");
    } else if chars > limits.subject_chars {
        let why = format!("has {chars} characters; {} are allowed", limits.subject_chars);
        fault(&mut errors, Code::SubjectTooLong, "subject", why);
    }
    if draft.body.len() > limits.body_bytes {
        let why = format!("has {} bytes; {} are allowed; attach what is larger", draft.body.len(), limits.body_bytes);
        fault(&mut errors, Code::BodyTooLarge, "body", why);
    }
    check_parts(draft, limits, &mut errors);
    if draft.to.len() > limits.recipients {
        let why =
            format!("names {}; {} are allowed; `domain:NAME` and `*` reach more", draft.to.len(), limits.recipients);
        fault(&mut errors, Code::TooManyRecipients, "to", why);
    }
    if draft.content_type.as_ref().is_some_and(|text| text.len() > 127 || !text.contains('/') || !text.is_ascii()) {
        fault(&mut errors, Code::InvalidField, "content_type", "must be a media type, as in text/markdown");
    }
    if draft.domain.as_deref().is_some_and(|domain| !AgentName::is_valid(domain)) {
        fault(&mut errors, Code::InvalidField, "domain", "must be 1 to 64 of letters, digits, `.`, `_` and `-`");
    }
    errors
}

fn check_parts(draft: &Draft, limits: &Limits, errors: &mut Errors) {
    if let Some(metadata) = &draft.metadata {
        if !metadata.get().starts_with('{') {
            fault(errors, Code::WrongType, "metadata", "must be an object");
        } else if metadata.get().len() > limits.metadata_bytes {
            let why = format!("has {} bytes; {} are allowed", metadata.get().len(), limits.metadata_bytes);
            fault(errors, Code::MetadataTooLarge, "metadata", why);
        }
    }
    if draft.evidence.len() > limits.evidence_entries {
        let why = format!("has {} metrics; {} are allowed", draft.evidence.len(), limits.evidence_entries);
        fault(errors, Code::TooManyItems, "evidence", why);
    }
    if let Some((metric, _)) = draft.evidence.iter().find(|(metric, value)| metric.len() > 64 || !value.is_finite()) {
        let shown: String = metric.chars().take(64).collect();
        fault(
            errors,
            Code::InvalidField,
            "evidence",
            format!("`{shown}` must be a finite number under a name of at most 64 bytes"),
        );
    }
    if draft.attachments.len() > limits.attachments {
        let why = format!("has {} entries; {} are allowed", draft.attachments.len(), limits.attachments);
        fault(errors, Code::TooManyItems, "attachments", why);
    }
    if draft.attachments.iter().any(|attached| attached.name.as_ref().is_some_and(|name| name.len() > 255)) {
        fault(errors, Code::InvalidField, "attachments", "a name may have 255 bytes");
    }
}

/// The times of a message, as points.
#[derive(Clone, Copy)]
struct Times {
    expires_at: Option<Time>,
    deliver_at: Option<Time>,
}

impl Times {
    fn of(draft: &Draft, now: Time, limits: &Limits, errors: &mut Errors) -> Self {
        let mut point = |what: &str, span: Option<Span>, time: Option<Time>| {
            if span.is_some() && time.is_some() {
                fault(
                    errors,
                    Code::InvalidField,
                    &format!("{what}_in"),
                    format!("give {what}_in or {what}_at, not both"),
                );
            }
            let at = span.map(|span| now.plus(span)).or(time)?;
            if at > now.plus(limits.horizon) {
                let field = format!("{what}_{}", if span.is_some() { "in" } else { "at" });
                fault(errors, Code::InvalidDuration, &field, format!("must be at most {} from now", limits.horizon));
            }
            Some(at)
        };
        let deliver_at = point("deliver", draft.deliver_in, draft.deliver_at);
        let expires_at = point("expires", draft.expires_in, draft.expires_at);
        if let Some(expires) = expires_at.filter(|expires| *expires <= deliver_at.unwrap_or(now)) {
            let field = if draft.expires_in.is_some() { "expires_in" } else { "expires_at" };
            fault(errors, Code::InvalidDuration, field, format!("{expires} passes before the message is visible"));
        }
        if draft.ack_within.is_some_and(|within| within <= Span::ZERO || within > limits.ack_within_max) {
            let why = format!("must be more than 0s and at most {}", limits.ack_within_max);
            fault(errors, Code::InvalidDuration, "ack_within", why);
        }
        // What is visible at once is pending at once.
        Self { expires_at, deliver_at: deliver_at.filter(|at| *at > now) }
    }
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
        content_type: draft.content_type.unwrap_or_else(|| "text/markdown".to_owned()),
        kind: draft.kind,
        priority: draft.priority,
        domain: draft.domain,
        in_reply_to: draft.in_reply_to,
        thread_id: known.thread.unwrap_or(known.id),
        attachments: draft.attachments,
        evidence: draft.evidence,
        metadata: draft.metadata,
        expires_at: times.expires_at,
        deliver_at: times.deliver_at,
        ack_within: draft.ack_within,
        sent_at: known.now,
        traceparent: draft.traceparent,
        outcome: None,
    }
}

/// Finds the recipients: written with the message up to the limit, fanned out by workers beyond it.
fn resolve(message: &mut Message, known: &Known<'_>) -> Result<(), Refusal> {
    let directory = known.directory;
    if message.to.is_empty() {
        message.to.push(implied_address(message)?);
    }
    let mut found: BTreeSet<&AgentName> = BTreeSet::new();
    let mut ordered: Vec<&AgentName> = Vec::new();
    for (index, address) in message.to.iter().enumerate() {
        let before = ordered.len();
        if address == "*" {
            ordered.extend(
                directory.active().map(|agent| &agent.name).filter(|name| **name != message.from && found.insert(name)),
            );
        } else if let Some(domain) = address.strip_prefix("domain:") {
            let holders = directory.holders(domain, known.now);
            if holders.is_empty() {
                return Err(nobody_holds(directory, domain, index));
            }
            // A holder that asks its own domain asks the others; alone, itself.
            let others = holders.len() > 1;
            let names = holders.iter().filter(|name| !(others && **name == message.from));
            let known = names.filter_map(|name| directory.agent(name.as_str())).map(|agent| &agent.name);
            ordered.extend(known.filter(|name| found.insert(name)));
        } else {
            let name = &recipient(directory, address, index)?.name;
            ordered.extend(Some(name).filter(|name| found.insert(name)));
        }
        debug_assert!(ordered.len() >= before, "addresses only add");
    }
    if ordered.is_empty() {
        return Err(Refusal::field(Code::NoRecipients, "to", "there is no other active agent to send to"));
    }
    if ordered.len() > directory.policy.limits.inline_recipients {
        message.fan_out = true;
        return Ok(());
    }
    message.recipients = ordered.into_iter().cloned().collect();
    Ok(())
}

fn implied_address(message: &Message) -> Result<String, Refusal> {
    match (&message.domain, message.kind) {
        (Some(domain), Kind::Request | Kind::Propose) => Ok(format!("domain:{domain}")),
        _ => Err(Refusal::field(
            Code::MissingField,
            "to",
            "say who gets it; only a `request` or `propose` with a `domain` goes to the domain's holders by itself",
        )),
    }
}

fn nobody_holds(directory: &Directory, domain: &str, index: usize) -> Refusal {
    let finals = directory.final_authority().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let known: BTreeSet<&str> =
        directory.active().flat_map(|agent| agent.authority_domains.iter().map(String::as_str)).collect();
    let near =
        nearest::nearest(domain, known).map(|near| format!("; did you mean `domain:{near}`?")).unwrap_or_default();
    let why = format!("no active agent holds `{}`{near}", domain.chars().take(64).collect::<String>());
    Refusal::field(Code::UnknownRecipient, format!("to[{index}]"), why)
        .with_remedy(format!("Send it to the final authority ({finals}), or give an agent this domain."))
}

fn recipient<'a>(directory: &'a Directory, name: &str, index: usize) -> Result<&'a Agent, Refusal> {
    let field = format!("to[{index}]");
    match directory.agent(name) {
        Some(agent) if agent.is_active() => Ok(agent),
        Some(_) => {
            Err(Refusal::field(Code::RetiredRecipient, field, format!("`{name}` is retired and takes no new messages")))
        }
        None => {
            let names: Vec<&str> = directory.active().map(|agent| agent.name.as_str()).collect();
            Err(Refusal::field(Code::UnknownRecipient, field, nearest::unknown("agent", name, names))
                .with_remedy("Register it first: PUT /api/v1/agents/NAME, or `coord agents put NAME`."))
        }
    }
}

/// Sends a decision without authority to those who have it, or refuses it.
fn divert_violation(
    message: &mut Message,
    violation: Violation,
    known: &Known<'_>,
) -> Result<NewEvent, (Refusal, NewEvent)> {
    let escalates = known.directory.policy.on_violation == OnViolation::Escalate && !violation.holders.is_empty();
    let outcome = if escalates { "escalated" } else { "refused" };
    let data = AuthorityRefused { violation: &violation, subject: &message.subject, outcome };
    let fact = NewEvent::of(EventKind::AuthorityRefused, known.now, &data).about(&message.from);
    if !escalates {
        return Err((violation.into(), fact));
    }
    message.kind = Kind::Propose;
    message.to = violation.holders.iter().map(ToString::to_string).collect();
    message.recipients.clone_from(&violation.holders);
    let names = message.to.join(", ");
    message.outcome = Some(Outcome {
        action: Action::Escalated,
        detail: format!("sent as a `propose` to {names}, who may {} in `{}`", violation.kind, violation.domain),
        rule: violation.rule,
        gates: Vec::new(),
    });
    Ok(fact)
}

/// Weighs the evidence, and sends, refuses, returns or escalates.
fn weigh(mut message: Box<Message>, mut facts: Vec<NewEvent>, known: &Known<'_>) -> Decision {
    let policy = &known.directory.policy;
    let gates = policy.gates.weigh(message.kind, &message.evidence);
    if gates.iter().all(|gate| gate.passed) {
        return Decision::Send(message, facts);
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
        OnFailure::Reject => return Decision::Refuse(Box::new(gate_refusal(gates)), fact),
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
    Decision::Send(message, facts)
}

fn gate_refusal(gates: Vec<GateResult>) -> Refusal {
    let mut refusal = Refusal::new(Code::GateFailed, format!("The work does not pass: {}.", gate::describe(&gates)));
    refusal.remedy = Some("Give evidence that meets every threshold; GET /api/v1/gates lists them.".to_owned());
    refusal.gates = gates;
    refusal
}
