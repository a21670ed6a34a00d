//! Keys: made, shown once, listed and revoked.

use domain::event::{EventKind, NewEvent};
use domain::key::KeyRequest;
use domain::key::{Caller, Key, Role, is_id};
use domain::refusal::{Code, Refusal};
use domain::{AgentName, Digest, Directory, DomainName, TenantId};
use ephemeral::Stale;
use sha2::{Digest as _, Sha256};
use store::{Change, Fact, KeyRow, Record};

use crate::{Engine, Page, Paged, Result, Session, random};

/// The SHA-256 by which a key is recognised.
pub fn admin_key_digest(text: &str) -> Digest {
    Digest(Sha256::digest(text.as_bytes()).into())
}

impl Session {
    /// Makes a key; its text is answered here and never again.
    pub async fn create_key(&self, request: KeyRequest) -> Result<(Key, String)> {
        let caller = self.caller().await?;
        caller.must_administer()?;
        request.check()?;
        let tenant = self.tenant_of_key(caller, request.tenant.as_deref()).await?;
        let directory = self.directory_now(tenant).await?;
        let agents = checked_agents(&directory, &request)?;
        let max = self.config().limits.keys;
        if self.inner.store.keys_in_force(tenant).await? >= max {
            let refusal = Refusal::new(Code::LimitReached, format!("A tenant may have {max} keys that are in force."));
            return Err(refusal.with_remedy("Revoke one that is no longer used.").into());
        }
        let now = self.now();
        let id = hex::encode(random::bytes::<6>()?);
        let text = format!("coord_{:x}_{id}_{}", tenant.0, hex::encode(random::bytes::<24>()?));
        let key = Key { id, tenant, role: request.role, agents, name: request.name, created_at: now, revoked_at: None };
        self.write_key(EventKind::KeyCreated, key.clone(), admin_key_digest(&text)).await?;
        self.inner.first_key.is_made();
        Ok((key, text))
    }

    /// A tenant's keys, revoked ones too.
    pub async fn keys(&self, page: &Page) -> Result<Paged<Key>> {
        let caller = self.caller().await?;
        caller.must_administer()?;
        let limit = self.limit(page)?;
        let after = page.name()?;
        let after = after.as_ref().map_or("", AgentName::as_str);
        let rows = self.inner.store.keys(caller.tenant, after, limit + 1).await?;
        let keys = rows.into_iter().map(|row| row.key).collect();
        Ok(Paged::of(keys, limit, |key: &Key| key.id.clone()))
    }

    /// Revokes a key; twice is once.
    pub async fn revoke_key(&self, id: &str) -> Result<Key> {
        let caller = self.caller().await?;
        caller.must_administer()?;
        let found = if is_id(id) { self.inner.store.key(caller.tenant, id).await? } else { None };
        let KeyRow { mut key, hash } = found.ok_or_else(|| Refusal::not_found("key", &id))?;
        if key.revoked_at.is_none() {
            key.revoked_at = Some(self.now());
            self.write_key(EventKind::KeyRevoked, key.clone(), hash).await?;
        }
        self.inner.keyring.revoke(&hash);
        Ok(key)
    }
}

impl Engine {
    async fn tenant_of_key(&self, caller: &Caller, name: Option<&str>) -> Result<TenantId> {
        let Some(name) = name else { return Ok(caller.tenant) };
        if !AgentName::is_valid(name) {
            return Err(Refusal::field(Code::InvalidField, "tenant", DomainName::FORM).into());
        }
        let found = self.inner.store.tenant_by_name(name).await?.map(|tenant| tenant.id);
        let allowed = found.filter(|found| caller.tenant == TenantId::DEFAULT || *found == caller.tenant);
        let tenant = allowed.ok_or_else(|| Refusal::not_found("tenant", &name))?;
        self.learn_name(tenant).await?;
        Ok(tenant)
    }

    async fn write_key(&self, kind: EventKind, key: Key, hash: Digest) -> Result<()> {
        let (tenant, now) = (key.tenant, self.now());
        let data = serde_json::json!({"id": key.id, "role": key.role, "agents": key.agents, "name": key.name});
        let command =
            Record { events: vec![NewEvent::of(kind, now, &data)], facts: vec![Fact::Key(KeyRow { key, hash })] };
        self.inner.store.commit(Change { tenant, now, version: None, command }).await?;
        self.notify_log(tenant);
        self.inner.ephemeral.invalidate(Stale::Keys(tenant));
        Ok(())
    }
}

fn checked_agents(directory: &Directory, request: &KeyRequest) -> std::result::Result<Vec<AgentName>, Refusal> {
    if (request.role == Role::Agent) == request.agents.is_empty() {
        let why = "an `agent` key names the agents it speaks for; other keys name none";
        return Err(Refusal::field(Code::InvalidField, "agents", why));
    }
    let agent = |(index, name): (usize, &String)| match directory.agent(name) {
        Some(agent) => Ok(agent.name.clone()),
        None => {
            Err(Refusal::field(Code::InvalidField, format!("agents[{index}]"), format!("there is no agent `{name}`")))
        }
    };
    let mut agents = request.agents.iter().enumerate().map(agent).collect::<std::result::Result<Vec<_>, _>>()?;
    agents.sort();
    agents.dedup();
    Ok(agents)
}
