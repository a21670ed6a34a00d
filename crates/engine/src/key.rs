//! Keys: made, shown once, revoked, and recognised at the door.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use domain::event::{EventKind, NewEvent};
use domain::key::KeyRequest;
use domain::key::{Caller, Key, Role};
use domain::refusal::{Code, Refusal};
use domain::{AgentName, Digest, Directory, Span, TenantId, Time};
use ephemeral::Stale;
use sha2::{Digest as _, Sha256};
use store::{Change, Fact, KeyRow, Record};
use subtle::ConstantTimeEq;

use crate::{Engine, Open, Page, Paged, Result, random};

/// Callers that were recognised a moment ago, by the hash of their key.
#[derive(Default)]
pub(crate) struct Callers {
    known: RwLock<HashMap<Digest, (Caller, Time)>>,
}

impl Callers {
    /// Forgets the callers of one tenant, or all: their keys may have been revoked.
    pub(crate) fn forget(&self, tenant: Option<TenantId>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (caller, _)| tenant.is_some_and(|tenant| caller.tenant != tenant));
    }
}

/// Whether a key was ever made, as far as this process knows.
#[derive(Default)]
pub(crate) struct FirstKey {
    made: AtomicBool,
    /// When it was last looked up, in microseconds.
    looked_at: AtomicI64,
}

impl FirstKey {
    pub(crate) fn new(made: bool) -> Self {
        Self { made: AtomicBool::new(made), looked_at: AtomicI64::new(0) }
    }

    /// Looks it up at the next request: another process may have made one.
    pub(crate) fn mistrust(&self) {
        self.looked_at.store(0, Ordering::Release);
    }

    fn look_is_due(&self, now: Time) -> bool {
        now.since(Time(self.looked_at.load(Ordering::Acquire))) >= LOOK
    }
}

/// How often an open server looks whether another process has made the first key.
const LOOK: Span = Span::from_millis(500);

/// How long a recognised caller is not looked up again: a key revoked elsewhere works this much longer.
const REMEMBERED: Span = Span::from_secs(5);
const REMEMBERED_MAX: usize = 10_000;

/// The SHA-256 by which a key is recognised.
pub fn admin_key_digest(text: &str) -> Digest {
    Digest(Sha256::digest(text.as_bytes()).into())
}

/// A key's text: `coord_`, its tenant's number, its id and its secret, joined by `_`. The tenant and id say where to look; the
/// hash of the whole proves it.
fn parts(text: &str) -> Option<(TenantId, &str)> {
    let (tenant, rest) = text.strip_prefix("coord_")?.split_once('_')?;
    let (id, _secret) = rest.split_once('_')?;
    Some((TenantId(i64::from_str_radix(tenant, 16).ok()?), id))
}

impl Engine {
    /// Recognises a caller by the text of its key, or lets it in without one where that is allowed.
    ///
    /// Fails with `unauthenticated`; a key that never was and one that was revoked are answered alike.
    pub async fn authenticate(&self, key: Option<&str>) -> Result<Caller> {
        let door = &self.inner.door;
        let open = match door.open {
            Open::Always => true,
            Open::UntilFirstKey => door.admin.is_none() && !self.any_key().await?,
            Open::Never => false,
        };
        let Some(text) = key else {
            return if open { Ok(Caller::open()) } else { Err(unauthenticated("This server wants a key.").into()) };
        };
        let digest = admin_key_digest(text);
        if let Some(caller) = self.remembered(&digest) {
            return Ok(caller);
        }
        if door.admin.is_some_and(|admin| admin.0.ct_eq(&digest.0).into()) {
            return Ok(Caller { key: Some("admin".to_owned()), ..Caller::open() });
        }
        let found = match parts(text) {
            Some((tenant, id)) => self.inner.store.key(tenant, id).await?,
            None => None,
        };
        let valid = |row: &KeyRow| bool::from(row.hash.0.ct_eq(&digest.0)) && row.key.revoked_at.is_none();
        let row = found.filter(valid).ok_or_else(|| unauthenticated("This key is not valid, or no longer."))?;
        self.learn_name(row.key.tenant).await?;
        let caller =
            Caller { tenant: row.key.tenant, role: row.key.role, agents: row.key.agents, key: Some(row.key.id) };
        self.remember(digest, caller.clone());
        Ok(caller)
    }

    /// Whether a key was ever made. One that another process has made is heard of at once where there is Redis, and else looked
    /// up every [`LOOK`].
    async fn any_key(&self) -> Result<bool> {
        let first = &self.inner.first_key;
        if !first.made.load(Ordering::Acquire) && self.inner.store.is_shared() && first.look_is_due(self.now()) {
            first.looked_at.store(self.now().0, Ordering::Release);
            let made = self.inner.store.any_key().await.inspect_err(|_| first.mistrust())?;
            first.made.fetch_or(made, Ordering::AcqRel);
        }
        Ok(first.made.load(Ordering::Acquire))
    }

    fn remembered(&self, digest: &Digest) -> Option<Caller> {
        let known = self.inner.callers.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(digest).filter(|(_, until)| *until > self.now()).map(|(caller, _)| caller.clone())
    }

    fn remember(&self, digest: Digest, caller: Caller) {
        let mut known = self.inner.callers.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(digest, (caller, self.now().plus(REMEMBERED)));
    }

    /// Makes a key; its text is answered here and never again.
    pub async fn create_key(&self, caller: &Caller, request: KeyRequest) -> Result<(Key, String)> {
        caller.must_administer()?;
        let tenant = self.tenant_of_key(caller, request.tenant.as_deref()).await?;
        let directory = self.directory_now(tenant).await?;
        let agents = checked_agents(&directory, &request)?;
        let max = self.config().limits.keys;
        if self.inner.store.keys_in_force(tenant).await? >= max {
            let refusal = Refusal::new(Code::LimitReached, format!("A tenant may have {max} keys that are in force."));
            return Err(refusal.with_remedy("Revoke one that is no longer used.").into());
        }
        if request.name.chars().count() > 100 {
            return Err(Refusal::field(Code::InvalidField, "name", "may have 100 characters").into());
        }
        let now = self.now();
        let id = hex::encode(random::bytes::<6>()?);
        let text = format!("coord_{:x}_{id}_{}", tenant.0, hex::encode(random::bytes::<24>()?));
        let key = Key { id, tenant, role: request.role, agents, name: request.name, created_at: now, revoked_at: None };
        self.write_key(EventKind::KeyCreated, key.clone(), admin_key_digest(&text)).await?;
        self.inner.first_key.made.store(true, Ordering::Release);
        Ok((key, text))
    }

    async fn tenant_of_key(&self, caller: &Caller, name: Option<&str>) -> Result<TenantId> {
        let Some(name) = name else { return Ok(caller.tenant) };
        let found = self.inner.store.tenant_by_name(name).await?.map(|tenant| tenant.id);
        let allowed = found.filter(|found| caller.tenant == TenantId::DEFAULT || *found == caller.tenant);
        let tenant = allowed.ok_or_else(|| Refusal::not_found("tenant", &name))?;
        self.learn_name(tenant).await?;
        Ok(tenant)
    }

    /// A tenant's keys, revoked ones too.
    pub async fn keys(&self, caller: &Caller, page: &Page) -> Result<Paged<Key>> {
        caller.must_administer()?;
        let limit = self.limit(page)?;
        let after = page.after.as_deref().unwrap_or_default();
        let rows = self.inner.store.keys(caller.tenant, after, limit + 1).await?;
        let keys = rows.into_iter().map(|row| row.key).collect();
        Ok(Paged::of(keys, limit, |key: &Key| key.id.clone()))
    }

    /// Revokes a key; twice is once.
    pub async fn revoke_key(&self, caller: &Caller, id: &str) -> Result<Key> {
        caller.must_administer()?;
        let found = self.inner.store.key(caller.tenant, id).await?;
        let KeyRow { mut key, hash } = found.ok_or_else(|| Refusal::not_found("key", &id))?;
        if key.revoked_at.is_none() {
            key.revoked_at = Some(self.now());
            self.write_key(EventKind::KeyRevoked, key.clone(), hash).await?;
        }
        self.inner.callers.known.write().unwrap_or_else(PoisonError::into_inner).remove(&hash);
        Ok(key)
    }

    async fn write_key(&self, kind: EventKind, key: Key, hash: Digest) -> Result<()> {
        let (tenant, now) = (key.tenant, self.now());
        let data = serde_json::json!({"id": key.id, "role": key.role, "agents": key.agents, "name": key.name});
        let command =
            Record { events: vec![NewEvent::of(kind, now, &data)], facts: vec![Fact::Key(KeyRow { key, hash })] };
        self.inner.store.commit(Change { tenant, now, version: None, command }).await?;
        self.grown(tenant);
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

fn unauthenticated(detail: &str) -> Refusal {
    Refusal::new(Code::Unauthenticated, detail)
        .with_remedy("Send `Authorization: Bearer coord_…`; `coord keys create` makes a key.")
}
