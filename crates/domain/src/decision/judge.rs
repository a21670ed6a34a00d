//! Who may open, decide and withdraw what.

use super::{Above, Decision, DecisionState, Edits, Ruling, SelfApproval};
use crate::agent::AgentName;
use crate::authority::{OnViolation, Violation};
use crate::directory::Directory;
use crate::message::Kind;
use crate::nearest;
use crate::refusal::{Code, Refusal};
use crate::remedy::{Remedy, any_of};
use crate::time::Time;

/// What somebody is about to do, as far as decisions are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Who.
    pub from: &'a AgentName,
    /// By a message of which kind.
    pub kind: Kind,
    /// The domain that the message names.
    pub domain: Option<&'a str>,
    /// What else is said of the decision, where it is named by itself and not by a message alone.
    pub act: Option<&'a Act>,
    /// The text of the message: why, where nothing else says it.
    pub body: &'a str,
}

/// What is said of a decision beside the message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Act {
    /// Whether it is taken back.
    pub withdraw: bool,
    /// Whether what was decided before is to be replaced.
    pub overturn: bool,
    /// Why.
    pub note: Option<String>,
    /// What is approved instead.
    pub edits: Option<Edits>,
}

/// What a judgement may know.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The tenant's agents, grants and policy.
    pub directory: &'a Directory,
    /// What stands above the message; none where it answers nothing.
    pub above: Option<&'a Above>,
    /// When it is.
    pub now: Time,
}

/// What a message may do to decisions.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// It opens one in this domain.
    Opens(Option<String>),
    /// It rules on the decision of another message, with everything but its own id.
    Rules(Box<Decision>, Box<Ruling>),
}

/// A message that may be sent, the domain it is then in, and what it does to decisions.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The domain in effect.
    pub domain: Option<String>,
    /// What it does.
    pub effect: Effect,
}

/// A message that may not be sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Unfit {
    /// The request itself is at fault, or comes too late.
    Refused(Box<Refusal>),
    /// Its sender has not the authority. It may go to those who have.
    Outside(Box<Violation>),
    /// Its sender may not, and nobody else is to do it in its name.
    Forbidden(Box<Violation>),
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl Unfit {
    /// The code of the refusal that it comes to.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Outside(violation) | Self::Forbidden(violation) => violation.code,
        }
    }
}

/// Judges what a message does to decisions: whether it opens one, rules on one, or neither, and whether its sender may.
///
/// Whoever asked is refused first, then whoever has no authority, then whoever comes too late.
pub fn judge(attempt: &Attempt<'_>, known: &Known<'_>) -> Result<Judged, Unfit> {
    if attempt.act.is_some_and(|act| act.withdraw) {
        return withdraw(attempt, known);
    }
    let above = known.above.and_then(|above| above.domain.as_deref());
    let takes_part = attempt.kind.asks() || attempt.kind.needs_authority();
    if let Some(named) = attempt.domain.filter(|named| takes_part && above != Some(named)) {
        must_be_known(known.directory, named)?;
    }
    let own = attempt.domain.map(ToOwned::to_owned);
    match attempt.kind {
        Kind::Inform => Ok(Judged { domain: own, effect: Effect::Nothing }),
        Kind::Request | Kind::Propose => {
            let effect = Effect::Opens(own.clone().or_else(|| above.map(ToOwned::to_owned)));
            Ok(Judged { domain: own, effect })
        }
        Kind::Complete => Ok(Judged { domain: own, effect: answered(attempt, known) }),
        Kind::Decide | Kind::Approve | Kind::Reject => match known.above {
            Some(above) => decide(attempt, above, known),
            None => decide_freely(attempt, known),
        },
    }
}

/// Fails with `unknown-domain` unless somebody holds or held the domain, was ever lent it, or configuration lists it.
fn must_be_known(directory: &Directory, domain: &str) -> Result<(), Refusal> {
    let held = directory.agents.values().flat_map(|agent| agent.authority_domains.iter());
    let lent = directory.grants.iter().map(|grant| &grant.domain);
    let names = held.chain(lent).chain(&directory.policy.domains).map(String::as_str);
    if names.clone().any(|name| name == domain) {
        return Ok(());
    }
    let mut distinct: Vec<&str> = names.collect();
    distinct.sort_unstable();
    distinct.dedup();
    let refusal = Refusal::field(Code::UnknownDomain, "domain", nearest::unknown("domain", domain, distinct));
    Err(refusal.with_remedy("Name a domain that an agent holds, or list it in `authority.domains`."))
}

/// A finished piece of work answers the request that it belongs to, where its sender could have decided that.
fn answered(attempt: &Attempt<'_>, known: &Known<'_>) -> Effect {
    let Some(above) = known.above else { return Effect::Nothing };
    let Some(decision) = above.decision.as_ref().filter(|decision| decision.kind == Kind::Request) else {
        return Effect::Nothing;
    };
    let holds = decision.domain.as_deref().is_none_or(|domain| decides_in(known, attempt.from, domain));
    if above.asked && holds && decision.asked_by != *attempt.from && decision.is_open(known.now) {
        return rules(decision, attempt, DecisionState::Answered);
    }
    Effect::Nothing
}

fn rules(decision: &Decision, attempt: &Attempt<'_>, state: DecisionState) -> Effect {
    let act = attempt.act.cloned().unwrap_or_default();
    // A decision says why in short; all of it stands in the message.
    let body = Some(attempt.body.trim()).filter(|body| !body.is_empty() && attempt.act.is_none());
    let note = act.note.or_else(|| body.map(|body| body.chars().take(NOTE_CHARS).collect()));
    let by = attempt.from.clone();
    let ruling = Ruling { state, by, message: None, note, edits: act.edits, overturn: act.overturn };
    Effect::Rules(Box::new(decision.clone()), Box::new(ruling))
}

/// Characters of a message that a decision repeats.
const NOTE_CHARS: usize = 1_000;

fn decides_in(known: &Known<'_>, agent: &AgentName, domain: &str) -> bool {
    known.directory.holders(domain, known.now).contains(agent) || known.directory.final_authority().contains(agent)
}

/// A message of kind `decide`, `approve` or `reject` that answers nothing.
fn decide_freely(attempt: &Attempt<'_>, known: &Known<'_>) -> Result<Judged, Unfit> {
    if attempt.kind != Kind::Decide {
        let why = format!("say which message you {}", attempt.kind);
        let refusal = Refusal::field(Code::NothingToDecide, "in_reply_to", why);
        return Err(refusal.with_remedy("Name the message that asked in `in_reply_to`.").into());
    }
    let Some(domain) = attempt.domain else {
        let why = "a decision that answers nothing needs the domain it is made in";
        return Err(Refusal::field(Code::MissingField, "domain", why)
            .with_remedy("Name the domain, or the message that asked in `in_reply_to`.")
            .into());
    };
    must_hold(attempt, domain, known)?;
    Ok(Judged { domain: Some(domain.to_owned()), effect: Effect::Nothing })
}

/// A message of kind `decide`, `approve` or `reject` that answers another one.
fn decide(attempt: &Attempt<'_>, above: &Above, known: &Known<'_>) -> Result<Judged, Unfit> {
    if let (Some(named), Some(domain)) = (attempt.domain, &above.domain)
        && named != domain
    {
        let why = format!("what you answer is decided in `{domain}`");
        let refusal = Refusal::field(Code::DomainMismatch, "domain", why);
        return Err(refusal.with_remedy(format!("Leave `domain` out, or say `{domain}`.")).into());
    }
    let domain = attempt.domain.or(above.domain.as_deref());
    must_not_have_asked(attempt, above, known)?;
    let late = above.decision.as_ref().filter(|decision| !decision.is_open(known.now));
    if let Err(outside) = must_decide(attempt, above, domain, known) {
        let escalates = known.directory.policy.on_violation == OnViolation::Escalate;
        return Err(match late.filter(|_| escalates) {
            // Nobody else can do it either.
            Some(late) => late.already_decided().into(),
            None => outside,
        });
    }
    let effect = match &above.decision {
        None => Effect::Nothing,
        Some(decision) => ruling(decision, late.is_some(), attempt, known)?,
    };
    Ok(Judged { domain: domain.map(ToOwned::to_owned), effect })
}

fn ruling(decision: &Decision, late: bool, attempt: &Attempt<'_>, known: &Known<'_>) -> Result<Effect, Unfit> {
    if late {
        let overturns = attempt.act.is_some_and(|act| act.overturn);
        if !overturns || decision.state == DecisionState::Withdrawn {
            return Err(decision.already_decided().into());
        }
        let finals = known.directory.final_authority();
        if !finals.contains(attempt.from) {
            let rule = "Only the final authority overturns what was decided.";
            return Err(Unfit::Forbidden(Box::new(violation(attempt, decision.domain.as_deref(), rule, finals))));
        }
        if attempt.act.and_then(|act| act.note.as_deref()).is_none_or(|note| note.trim().is_empty()) {
            return Err(
                Refusal::field(Code::MissingField, "note", "say why you overturn it; it stays in the log").into()
            );
        }
    }
    let state = match attempt.kind {
        Kind::Approve => DecisionState::Approved,
        Kind::Reject => DecisionState::Rejected,
        _ => DecisionState::Answered,
    };
    Ok(rules(decision, attempt, state))
}

fn must_not_have_asked(attempt: &Attempt<'_>, above: &Above, known: &Known<'_>) -> Result<(), Unfit> {
    let policy = &known.directory.policy;
    let asked_by = above.decision.as_ref().map_or(&above.from, |decision| &decision.asked_by);
    let asks = above.decision.is_some() || attempt.kind != Kind::Decide;
    if !asks || asked_by != attempt.from || policy.self_approval == SelfApproval::Allow {
        return Ok(());
    }
    let domain = attempt.domain.or(above.domain.as_deref());
    let mut holders = match domain {
        Some(domain) => known.directory.holders(domain, known.now),
        None => above.recipients.clone(),
    };
    holders.extend(known.directory.final_authority());
    let mut others: Vec<AgentName> = Vec::new();
    for holder in holders {
        if holder != *attempt.from && !others.contains(&holder) {
            others.push(holder);
        }
    }
    let rule = "Who asked does not decide (`authority.self_approval: refuse`).";
    let mut violation = violation(attempt, domain, rule, others);
    violation.code = Code::SelfApproval;
    violation.remedy = match any_of(&violation.holders).as_str() {
        "" => "Name an active agent in authority.final: nobody else can decide this.".to_owned(),
        names => format!("Let {names} decide."),
    };
    Err(Unfit::Forbidden(Box::new(violation)))
}

/// Fails unless an agent may decide what stands above it, in the domain in effect.
fn must_decide(attempt: &Attempt<'_>, above: &Above, domain: Option<&str>, known: &Known<'_>) -> Result<(), Unfit> {
    if let Some(domain) = domain {
        must_hold(attempt, domain, known)?;
    }
    let finals = known.directory.final_authority();
    if above.domain.is_some() || above.asked || finals.contains(attempt.from) {
        return Ok(());
    }
    let active = |name: &&AgentName| known.directory.agent(name.as_str()).is_some_and(crate::Agent::is_active);
    let asked: Vec<AgentName> = above.recipients.iter().filter(active).cloned().collect();
    let holders = if asked.is_empty() { finals } else { asked };
    let rule = "What was asked in no domain is decided by those who were asked, or by the final authority.";
    Err(Unfit::Outside(Box::new(violation(attempt, domain, rule, holders))))
}

fn must_hold(attempt: &Attempt<'_>, domain: &str, known: &Known<'_>) -> Result<(), Unfit> {
    let outside = crate::authority::check(known.directory, attempt.from, attempt.kind, domain, known.now);
    outside.map_err(|violation| Unfit::Outside(Box::new(violation)))
}

fn violation(attempt: &Attempt<'_>, domain: Option<&str>, rule: &str, holders: Vec<AgentName>) -> Violation {
    let remedy = match any_of(&holders).as_str() {
        "" => "Name an active agent in authority.final.".to_owned(),
        names => format!("Let {names} decide."),
    };
    Violation {
        code: Code::OutsideAuthority,
        agent: attempt.from.clone(),
        kind: attempt.kind,
        domain: domain.map(ToOwned::to_owned),
        rule: rule.to_owned(),
        holders,
        remedy,
        held: false,
    }
}

/// Who asked takes it back.
fn withdraw(attempt: &Attempt<'_>, known: &Known<'_>) -> Result<Judged, Unfit> {
    let decision = known.above.and_then(|above| above.decision.as_ref());
    let Some(decision) = decision else {
        return Err(Refusal::new(Code::NotFound, "The message asked for nothing that could be withdrawn.").into());
    };
    if decision.asked_by != *attempt.from {
        let refusal = Refusal::new(Code::Forbidden, format!("Only `{}`, who asked, withdraws it.", decision.asked_by));
        return Err(refusal.with_remedy("Reject it instead, where you may.").into());
    }
    if !decision.is_open(known.now) {
        return Err(decision.already_decided().into());
    }
    let effect = rules(decision, attempt, DecisionState::Withdrawn);
    Ok(Judged { domain: attempt.domain.map(ToOwned::to_owned), effect })
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Refused(refusal) => *refusal,
            Unfit::Outside(violation) | Unfit::Forbidden(violation) => Self::from(*violation),
        }
    }
}

/// The remedy for who may not decide: to propose it where somebody holds the domain, else the words of the rule.
pub(crate) fn remedy(violation: &Violation) -> Remedy {
    match (&violation.domain, violation.code) {
        (Some(domain), Code::OutsideAuthority) => Remedy::Propose {
            to: violation.holders.clone(),
            domain: domain.clone(),
            grant_to: violation.held.then(|| violation.agent.clone()),
        },
        _ => violation.remedy.clone().into(),
    }
}
