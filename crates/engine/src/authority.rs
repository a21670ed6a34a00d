//! Authority: who may decide what, asked and lent.

use domain::authority::{self, Violation};
use domain::directory::Grant;
use domain::directory::GrantRequest;
use domain::event::{EventKind, NewEvent};
use domain::message::Kind;
use domain::refusal::{Code, Refusal};
use domain::view::AuthorityView;
use domain::{Directory, DomainName, Time, bounds, send};
use store::{Fact, Record};

use crate::{Engine, Result, Session};

impl Session {
    /// Who may decide what, now.
    pub async fn authority(&self) -> Result<AuthorityView> {
        let caller = self.caller().await?;
        let directory = self.directory_now(caller.tenant).await?;
        let now = self.now();
        let grants: Vec<Grant> = directory.grants.iter().filter(|grant| grant.until > now).cloned().collect();
        let own = directory.active().flat_map(|agent| agent.authority_domains.iter());
        let domains = own.chain(grants.iter().map(|grant| &grant.domain));
        let domains = domains.map(|domain| (domain.clone(), directory.holders(domain, now))).collect();
        let on_violation = directory.policy.on_violation;
        Ok(AuthorityView { domains, grants, final_authority: directory.final_authority(), on_violation })
    }

    /// Whether an agent may send a message of this kind in this domain, now.
    pub async fn check_authority(
        &self,
        agent: &str,
        kind: Kind,
        domain: Option<&str>,
    ) -> Result<std::result::Result<(), Violation>> {
        let caller = self.caller().await?;
        if domain.is_some_and(|domain| !DomainName::is_valid(domain)) {
            return Err(Refusal::field(Code::InvalidField, "domain", DomainName::FORM).into());
        }
        let directory = self.directory_now(caller.tenant).await?;
        // Refused for the same reasons as sending would be.
        let agent = send::speaker(agent, caller, &directory)?;
        Ok(authority::check(&directory, &agent.name, kind, domain, self.now()))
    }

    /// Lends a domain to an agent for a time; lending it again changes until when.
    pub async fn grant(&self, request: GrantRequest) -> Result<Grant> {
        let caller = self.caller().await?;
        caller.must_administer()?;
        let now = self.now();
        let decide = |directory: &Directory| {
            let grant = self.checked_grant(directory, &request, now)?;
            let events = vec![NewEvent::of(EventKind::AuthorityGranted, now, &grant).about(&grant.agent)];
            Ok((Record { events, facts: vec![Fact::Grant(grant.clone())] }, grant))
        };
        self.record(caller.tenant, decide).await
    }
}

impl Engine {
    fn checked_grant(
        &self,
        directory: &Directory,
        request: &GrantRequest,
        now: Time,
    ) -> std::result::Result<Grant, Refusal> {
        let limits = &self.inner.policy.limits;
        bounds::words("reason", Some(&request.reason), limits)?;
        if request.reason.trim().is_empty() {
            return Err(Refusal::field(Code::MissingField, "reason", "say why; it stays in the log"));
        }
        if !DomainName::is_valid(&request.domain) {
            return Err(Refusal::field(Code::InvalidField, "domain", DomainName::FORM));
        }
        let Some(agent) = directory.agent(&request.agent).filter(|agent| agent.is_active()) else {
            let why = format!("there is no active agent `{}`", request.agent);
            return Err(Refusal::field(Code::UnknownRecipient, "agent", why));
        };
        if request.until <= now || request.until > now.plus(limits.horizon) {
            let why = format!("must lie ahead, at most {}", limits.horizon);
            return Err(Refusal::field(Code::InvalidDuration, "until", why));
        }
        let max = self.config().limits.grants;
        let renewed = |grant: &Grant| grant.domain == request.domain && grant.agent == agent.name;
        if directory.grants.iter().filter(|grant| grant.until > now && !renewed(grant)).count() >= max {
            return Err(Refusal::new(Code::LimitReached, format!("{max} grants may run at a time.")));
        }
        Ok(Grant {
            domain: request.domain.clone(),
            agent: agent.name.clone(),
            until: request.until,
            reason: request.reason.clone(),
            granted_at: now,
        })
    }
}
