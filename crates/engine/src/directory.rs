//! Directories: one snapshot per tenant, kept until a commit says that it is old.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::directory::Directory;
use domain::{Refusal, Span, TenantId, Time};
use store::Fact;

use crate::{Engine, Error, Result};

/// A tenant's snapshot, and the version up to which snapshots are known to be old.
#[derive(Default)]
struct Held {
    directory: Option<Arc<Directory>>,
    /// When it was last known to be the newest.
    confirmed: Option<Time>,
    old: Option<i64>,
}

/// Snapshots by tenant.
#[derive(Default)]
pub(crate) struct Directories {
    held: RwLock<HashMap<TenantId, Held>>,
}

/// How long a snapshot is taken for the newest where other processes may change it: they tell, but nothing depends on that.
const CONFIRMED: Span = Span::from_secs(1);

/// Tries after which a directory that changes all the time is given up.
pub(crate) const TRIES: usize = 8;

impl Directories {
    fn get(&self, tenant: TenantId) -> Option<Arc<Directory>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(&tenant)?.directory.clone()
    }

    /// Whether the snapshot was the newest a moment ago.
    fn is_confirmed(&self, tenant: TenantId, now: Time) -> bool {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let confirmed = held.get(&tenant).and_then(|held| held.confirmed);
        confirmed.is_some_and(|confirmed| now.since(confirmed) < CONFIRMED)
    }

    /// Notes that a version was the newest.
    fn confirm(&self, tenant: TenantId, version: i64, now: Time) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let held = held.entry(tenant).or_default();
        if held.directory.as_ref().is_some_and(|directory| directory.version == version) {
            held.confirmed = Some(now);
        }
    }

    /// Keeps a snapshot, unless a newer one is known of: what was read before a commit may arrive after it.
    fn put(&self, tenant: TenantId, directory: &Arc<Directory>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let held = held.entry(tenant).or_default();
        let newest = held.directory.as_ref().map(|held| held.version);
        if held.old.is_none_or(|old| directory.version > old) && newest.is_none_or(|held| directory.version > held) {
            held.directory = Some(Arc::clone(directory));
        }
    }

    /// Forgets snapshots up to a version that a commit has shown to be old.
    pub(crate) fn forget(&self, tenant: TenantId, version: i64) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let held = held.entry(tenant).or_default();
        held.old = held.old.max(Some(version));
        if held.directory.as_ref().is_some_and(|held| held.version <= version) {
            held.directory = None;
        }
    }

    /// Looks again at the next opportunity: one tenant's snapshot, or everybody's, may be old.
    pub(crate) fn mistrust(&self, tenant: Option<TenantId>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        for (_, held) in held.iter_mut().filter(|(id, _)| tenant.is_none_or(|tenant| **id == tenant)) {
            held.directory = None;
        }
    }

    /// Takes over facts that were just committed on this version, so that the whole need not be read again.
    pub(crate) fn learn(&self, tenant: TenantId, version: i64, facts: Vec<Fact>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let held = held.entry(tenant).or_default();
        let Some(directory) = held.directory.as_mut().filter(|held| held.version == version) else { return };
        let directory = Arc::make_mut(directory);
        for fact in facts {
            match fact {
                Fact::Agent(agent) => directory.put_agent(agent),
                Fact::Grant(grant) => directory.put_grant(grant),
                Fact::Key(_) | Fact::Attachment(_) | Fact::WebhookSecret { .. } => {}
            }
        }
        held.old = held.old.max(Some(directory.version - 1));
    }
}

impl Engine {
    /// The directory of a tenant, as known a moment ago. A decision made on an old one is refused by the commit as a conflict.
    pub(crate) async fn directory(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        let shared = self.inner.store.is_shared();
        match self.inner.directories.get(tenant) {
            Some(known) if !shared || self.inner.directories.is_confirmed(tenant, self.now()) => Ok(known),
            _ => Box::pin(self.directory_now(tenant)).await,
        }
    }

    /// The directory of a tenant as it is now: where other processes may have changed it, its version is looked up.
    pub(crate) async fn directory_now(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        let Some(known) = self.inner.directories.get(tenant) else { return self.load_directory(tenant).await };
        if !self.inner.store.is_shared() {
            return Ok(known);
        }
        let now = self.now();
        let version = self.inner.store.head(tenant).await?.map_or(0, |(.., version)| version);
        if version != known.version {
            return self.load_directory(tenant).await;
        }
        self.inner.directories.confirm(tenant, version, now);
        Ok(known)
    }

    /// Loads it whole: the version is read before and after, so that agents and grants belong to it.
    async fn load_directory(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        let store = &self.inner.store;
        for _ in 0..TRIES {
            let now = self.now();
            let Some((.., version)) = store.head(tenant).await? else {
                return Err(Refusal::not_found("tenant", &tenant.0).into());
            };
            let agents = store.agents(tenant).await?;
            let grants = store.grants(tenant).await?;
            if store.head(tenant).await?.is_some_and(|(.., now)| now == version) {
                let agents = agents.into_iter().map(|agent| (agent.name.clone(), agent)).collect();
                let policy = Arc::clone(&self.inner.policy);
                let directory = Arc::new(Directory { version, agents, grants, policy });
                self.inner.directories.put(tenant, &directory);
                self.inner.directories.confirm(tenant, version, now);
                return Ok(directory);
            }
        }
        Err(Error::Store(store::Error::Conflict))
    }
}
