//! Tenants: made by the administrators of `default`, and named for measures.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::agent::{Agent, AgentKind, AgentName};
use domain::event::{EventKind, NewEvent};
use domain::key::Caller;
use domain::look_alike::look_alike;
use domain::refusal::{Code, Refusal};
use domain::tenant::Tenant;
use domain::{DomainName, TenantId};
use store::{Change, Record};

use crate::{Engine, Error, Page, Paged, Result, Session};

/// Names by number; they never change.
#[derive(Default)]
pub(crate) struct Names {
    known: RwLock<HashMap<TenantId, Arc<str>>>,
    /// Held while a tenant is made, so that of two of the same name only one is.
    founding: tokio::sync::Mutex<()>,
}

impl Session {
    /// Makes a tenant, with the final authority as its first agents.
    pub async fn create_tenant(&self, name: &str) -> Result<Tenant> {
        let caller = self.caller().await?;
        must_administer_all(caller)?;
        if !AgentName::is_valid(name) {
            return Err(Refusal::field(Code::InvalidField, "name", DomainName::FORM).into());
        }
        let _founding = self.inner.tenants.founding.lock().await;
        let max = self.config().limits.tenants;
        let known = self.inner.store.heads().await?;
        if let Some(other) = look_alike(name, known.iter().map(|(_, known, _)| known.as_str())) {
            let why = format!("`{name}` would be taken for the tenant `{other}`: choose a name that looks otherwise");
            return Err(Refusal::field(Code::NameTaken, "name", why).into());
        }
        if known.len() >= max {
            return Err(Refusal::new(Code::LimitReached, format!("There may be {max} tenants.")).into());
        }
        let id = self.inner.store.ensure_tenant(name, self.now()).await?;
        let finals = self.inner.policy.final_authority.iter();
        let agents = finals.map(|name| Agent::new(name.clone(), AgentKind::Human, self.now())).collect();
        if self.inner.store.head(id).await?.is_some_and(|(seq, ..)| seq > 0) {
            return Err(Refusal::field(Code::NameTaken, "name", format!("there is a tenant `{name}`")).into());
        }
        self.found(id, name, agents).await?;
        let made = self.inner.store.tenant(id).await?;
        made.ok_or_else(|| Error::Internal(format!("tenant `{name}` was made and is not there")))
    }

    /// Tenants by number: for `default`'s administrators all, for others their own.
    pub async fn tenants(&self, page: &Page) -> Result<Paged<Tenant>> {
        let caller = self.caller().await?;
        caller.must_administer()?;
        let limit = self.limit(page)?;
        if caller.tenant != TenantId::DEFAULT {
            let own = self.inner.store.tenant(caller.tenant).await?;
            return Ok(Paged { items: Vec::from_iter(own), next: None });
        }
        let after = TenantId(page.position()?.unwrap_or(0));
        let tenants = self.inner.store.tenants(after, limit + 1).await?;
        Ok(Paged::of(tenants, limit, |tenant: &Tenant| tenant.id.0.to_string()))
    }
}

impl Engine {
    /// The name of a tenant that was found before.
    pub fn tenant_name(&self, tenant: TenantId) -> Arc<str> {
        let known = self.inner.tenants.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).map_or_else(|| tenant.0.to_string().into(), Arc::clone)
    }

    /// Records a tenant's beginning where it has none yet, and sees that it has these agents.
    pub(crate) async fn found(&self, tenant: TenantId, name: &str, agents: Vec<Agent>) -> Result<()> {
        if self.inner.store.head(tenant).await?.is_none_or(|(seq, ..)| seq == 0) {
            let now = self.now();
            let event = NewEvent::of(EventKind::TenantCreated, now, &serde_json::json!({"name": name}));
            let command = Record { events: vec![event], facts: Vec::new() };
            self.inner.store.commit(Change { tenant, now, version: None, command }).await?;
        }
        self.found_agents(tenant, &agents).await?;
        self.learn_names().await
    }

    /// Learns the name of a tenant that another process may have made.
    pub(crate) async fn learn_name(&self, tenant: TenantId) -> Result<()> {
        let known = self.inner.tenants.known.read().unwrap_or_else(PoisonError::into_inner).contains_key(&tenant);
        if known { Ok(()) } else { self.learn_names().await }
    }

    /// Learns the names of all tenants.
    pub(crate) async fn learn_names(&self) -> Result<()> {
        let names = self.inner.store.heads().await?;
        let mut known = self.inner.tenants.known.write().unwrap_or_else(PoisonError::into_inner);
        for (id, name, _) in names {
            known.insert(id, name.into());
        }
        Ok(())
    }
}

fn must_administer_all(caller: &Caller) -> std::result::Result<(), Refusal> {
    caller.must_administer()?;
    if caller.tenant == TenantId::DEFAULT {
        return Ok(());
    }
    Err(Refusal::new(Code::Forbidden, "Only administrators of `default` make tenants."))
}
