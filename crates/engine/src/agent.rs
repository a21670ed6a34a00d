//! Agents: registering, changing, retiring, heartbeats.

use domain::agent::AgentPut;
use domain::agent::{Agent, AgentName};
use domain::event::{EventKind, NewEvent};
use domain::look_alike::{is_like_system, look_alike};
use domain::refusal::{Code, Refusal};
use domain::view::AgentView;
use domain::{Directory, DomainName, TenantId, Time, bounds, webhook_address};
use store::{Fact, Record};

use crate::{Engine, Page, Paged, Result, Session};

impl Session {
    /// Agents by name, retired ones too; for an `agent` key as well, since it must know whom to send to.
    pub async fn agents(&self, page: &Page) -> Result<Paged<AgentView>> {
        let caller = self.caller().await?;
        let limit = self.limit(page)?;
        let directory = self.directory_now(caller.tenant).await?;
        let after = page.name()?;
        let is_after = |agent: &&Agent| after.as_ref().is_none_or(|after| agent.name > *after);
        let wanted = directory.agents.values().filter(is_after).take(limit + 1);
        let wanted = wanted.map(|agent| agent.seen_by(caller)).collect();
        let views = self.agent_views(caller.tenant, wanted).await;
        Ok(Paged::of(views, limit, |view: &AgentView| view.agent.name.to_string()))
    }

    /// One agent.
    pub async fn agent(&self, name: &str) -> Result<AgentView> {
        let caller = self.caller().await?;
        let directory = self.directory_now(caller.tenant).await?;
        let agent = directory.agent(name).ok_or_else(|| Refusal::not_found("agent", &name))?;
        Ok(self.agent_view(caller.tenant, agent.seen_by(caller)).await)
    }

    /// Registers an agent, changes it, or takes it out of retirement; answers whether it is new.
    pub async fn put_agent(&self, name: &str, put: AgentPut) -> Result<(AgentView, bool)> {
        let caller = self.caller().await?;
        caller.must_administer()?;
        let name: AgentName = name.parse().map_err(|why: String| Refusal::field(Code::InvalidField, "name", why))?;
        let now = self.now();
        let decide = |directory: &Directory| {
            let agent = self.checked_agent(directory, &name, &put, now)?;
            let known = directory.agent(name.as_str());
            Ok((registered(known, &agent, now), (agent, known.is_none())))
        };
        let (agent, created) = self.record(caller.tenant, decide).await?;
        Ok((self.agent_view(caller.tenant, agent).await, created))
    }

    /// Retires an agent: its history stays, it takes and sends nothing new. Twice is once.
    pub async fn retire_agent(&self, name: &str) -> Result<AgentView> {
        let caller = self.caller().await?;
        caller.must_administer()?;
        let now = self.now();
        let decide = |directory: &Directory| {
            let known = directory.agent(name).ok_or_else(|| Refusal::not_found("agent", &name))?;
            let mut agent = known.clone();
            if !known.is_active() {
                return Ok((Record::default(), agent));
            }
            agent.retired_at = Some(now);
            let events = vec![NewEvent::of_agent(EventKind::AgentRetired, now, &agent)];
            Ok((Record { events, facts: vec![Fact::Agent(agent.clone())] }, agent))
        };
        let agent = self.record(caller.tenant, decide).await?;
        Ok(self.agent_view(caller.tenant, agent).await)
    }

    /// Notes that an agent is there.
    pub async fn heartbeat(&self, name: &str) -> Result<AgentView> {
        let caller = self.caller().await?;
        caller.must_act_as(name)?;
        let agent = self.agent(name).await?.agent;
        self.inner.ephemeral.seen_by_all(caller.tenant, &agent.name, self.now()).await;
        Ok(self.agent_view(caller.tenant, agent).await)
    }
}

impl Engine {
    fn checked_agent(
        &self,
        directory: &Directory,
        name: &AgentName,
        put: &AgentPut,
        now: Time,
    ) -> std::result::Result<Agent, Refusal> {
        let limits = &self.config().limits;
        let known = directory.agent(name.as_str());
        if known.is_none() {
            must_be_told_apart(name, directory)?;
        }
        if known.is_none() && directory.agents.len() >= limits.agents {
            return Err(Refusal::new(Code::LimitReached, format!("A tenant may have {} agents.", limits.agents)));
        }
        bounds::words("description", Some(&put.description), &self.inner.policy.limits)?;
        if put.authority_domains.len() > limits.authority_domains_per_agent {
            let why =
                format!("has {}; {} are allowed", put.authority_domains.len(), limits.authority_domains_per_agent);
            return Err(Refusal::field(Code::TooManyItems, "authority_domains", why));
        }
        if let Some(index) = put.authority_domains.iter().position(|domain| !DomainName::is_valid(domain)) {
            let field = format!("authority_domains[{index}]");
            return Err(Refusal::field(Code::InvalidField, field, DomainName::FORM));
        }
        if let Some(why) = put.webhook.as_deref().and_then(webhook_address::fault) {
            return Err(Refusal::field(Code::InvalidField, "webhook", why));
        }
        let pusher = self.inner.pusher.as_ref();
        if let Some(why) = put.webhook.as_deref().zip(pusher).and_then(|(url, pusher)| pusher.refusal(url)) {
            return Err(Refusal::field(Code::InvalidField, "webhook", why));
        }
        let escalate_to = put.escalate_to.as_deref().map(|to| match directory.agent(to) {
            Some(agent) if agent.is_active() => Ok(agent.name.clone()),
            _ => Err(Refusal::field(Code::InvalidField, "escalate_to", format!("there is no active agent `{to}`"))),
        });
        let mut agent = Agent::new(name.clone(), put.kind, known.map_or(now, |known| known.registered_at));
        agent.description.clone_from(&put.description);
        agent.authority_domains.clone_from(&put.authority_domains);
        agent.authority_domains.sort();
        agent.authority_domains.dedup();
        agent.webhook.clone_from(&put.webhook);
        agent.max_priority_sent = put.max_priority_sent;
        agent.escalate_to = escalate_to.transpose()?;
        Ok(agent)
    }

    /// Registers or changes the agents that a tenant is to have.
    pub(crate) async fn found_agents(&self, tenant: TenantId, wanted: &[Agent]) -> Result<()> {
        let now = self.now();
        let decide = |directory: &Directory| {
            let (mut events, mut facts) = (Vec::new(), Vec::new());
            for agent in wanted {
                let known = directory.agent(agent.name.as_str());
                if known.is_none() {
                    must_be_told_apart(&agent.name, directory)?;
                }
                let registered_at = known.map_or(now, |known| known.registered_at);
                // Whoever was retired stays retired until it is put again.
                let retired_at = known.and_then(|known| known.retired_at);
                let agent = Agent { registered_at, retired_at, ..agent.clone() };
                let record = registered(known, &agent, now);
                events.extend(record.events);
                facts.extend(record.facts);
            }
            Ok((Record { events, facts }, ()))
        };
        self.record(tenant, decide).await
    }

    async fn agent_view(&self, tenant: TenantId, agent: Agent) -> AgentView {
        let last_seen = self.inner.ephemeral.last_seen(tenant, &[&agent.name]).await.into_iter().next().flatten();
        AgentView { agent, last_seen }
    }

    async fn agent_views(&self, tenant: TenantId, agents: Vec<Agent>) -> Vec<AgentView> {
        let names: Vec<&AgentName> = agents.iter().map(|agent| &agent.name).collect();
        let last_seen = self.inner.ephemeral.last_seen(tenant, &names).await;
        agents.into_iter().zip(last_seen).map(|(agent, last_seen)| AgentView { agent, last_seen }).collect()
    }
}

/// Fails with `reserved-name` or `name-taken` where a new name is, or looks like, that of the system or of another agent, also of
/// a retired one.
fn must_be_told_apart(name: &AgentName, directory: &Directory) -> std::result::Result<(), Refusal> {
    if is_like_system(name.as_str()) {
        let why = "`system` is the sender of bounces and reminders: choose a name that does not look like it";
        return Err(Refusal::field(Code::ReservedName, "name", why));
    }
    let Some(other) = look_alike(name.as_str(), directory.agents.keys().map(AgentName::as_str)) else { return Ok(()) };
    let why = format!("`{name}` would be taken for the agent `{other}`: choose a name that looks otherwise");
    Err(Refusal::field(Code::NameTaken, "name", why))
}

/// The facts by which an agent comes to be as wanted; none where it is.
fn registered(known: Option<&Agent>, agent: &Agent, now: Time) -> Record {
    let kind = match known {
        None => EventKind::AgentRegistered,
        Some(known) if known == agent => return Record::default(),
        Some(_) => EventKind::AgentUpdated,
    };
    let events = vec![NewEvent::of_agent(kind, now, agent)];
    Record { events, facts: vec![Fact::Agent(agent.clone())] }
}
