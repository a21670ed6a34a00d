use crate::{AuthorityDecision, AuthorityOutcome, Holder, HolderVia};
use domain::authority::OnViolation;
use domain::decision::{Judged, Unfit};
use domain::directory::Grant;
use domain::directory::GrantRequest;
use domain::view::AuthorityView;
use domain::{AgentName, Refusal};

use super::remedy::{Wording, worded};
use super::{Reading, names, time};

/// Who may decide what.
pub fn authority(view: AuthorityView) -> crate::Authority {
    let AuthorityView { domains, grants, final_authority, on_violation } = view;
    let domains = domains.into_iter().map(|(domain, holders)| crate::AuthorityDomain {
        holders: holders.into_iter().map(|agent| holder(agent, &domain, &grants)).collect(),
        domain,
    });
    crate::Authority {
        final_: names(final_authority),
        on_violation,
        domains: domains.collect(),
        grants: grants.into_iter().map(grant).collect(),
    }
}

fn holder(agent: AgentName, domain: &str, grants: &[Grant]) -> Holder {
    let lent = grants.iter().filter(|grant| grant.agent == agent && grant.domain == domain);
    let until = lent.map(|grant| grant.until).max();
    let via = if until.is_some() { HolderVia::Grant } else { HolderVia::Assigned };
    Holder { agent: agent.into(), via, until: until.map(time) }
}

/// A grant on the wire.
pub fn grant(grant: Grant) -> crate::Grant {
    crate::Grant {
        domain: grant.domain,
        agent: grant.agent.into(),
        until: time(grant.until),
        reason: grant.reason,
        granted_at: time(grant.granted_at),
    }
}

/// The grant that a request asks for.
pub fn request(request: crate::CreateGrant) -> Result<GrantRequest, Refusal> {
    let mut reading = Reading::default();
    let until = reading.time("until", Some(request.until)).unwrap_or_default();
    reading.finish(GrantRequest { domain: request.domain, agent: request.agent, until, reason: request.reason })
}

/// What would become of a message, as far as authority goes.
pub fn decision(checked: Result<Judged, Unfit>, on_violation: OnViolation) -> AuthorityDecision {
    let unfit = match checked {
        Ok(judged) => return allowed(judged),
        Err(unfit) => unfit,
    };
    let escalates = on_violation == OnViolation::Escalate
        && matches!(&unfit, Unfit::Outside(violation) if !violation.holders.is_empty());
    let domain = match &unfit {
        Unfit::Outside(violation) | Unfit::Forbidden(violation) => violation.domain.clone(),
        Unfit::Refused(_) => None,
    };
    let refusal = Refusal::from(unfit);
    AuthorityDecision {
        allowed: false,
        outcome: if escalates { AuthorityOutcome::Escalated } else { AuthorityOutcome::Refused },
        code: Some(refusal.code),
        rule: refusal.rule.unwrap_or_else(|| crate::problems::title(refusal.code).to_owned()),
        domain,
        decision: refusal.decision.map(|decision| super::decision::decision(*decision)),
        holders: names(refusal.holders),
        detail: refusal.detail,
        remedy: refusal.remedy.map(|remedy| worded(&remedy, Wording::Rest)),
    }
}

fn allowed(judged: Judged) -> AuthorityDecision {
    AuthorityDecision {
        allowed: true,
        outcome: AuthorityOutcome::Allowed,
        code: None,
        rule: "decide, approve and reject in a domain need that domain or final authority".to_owned(),
        domain: judged.domain,
        decision: None,
        holders: Vec::new(),
        detail: "It would be sent as it is.".to_owned(),
        remedy: None,
    }
}
