//! Directories: one snapshot per tenant, kept until a commit says that it is old.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::directory::{Directory, Policy};
use domain::{Refusal, TenantId, Time};
use store::{Fact, Store};
use tokio::sync::watch;

use crate::keyring::is_recent;
use crate::{Clock, Engine, Error, Result};

/// A tenant's snapshot, and the version up to which snapshots are known to be old.
#[derive(Default)]
struct Held {
    directory: Option<Arc<Directory>>,
    /// When it was last known to be the newest.
    confirmed: Option<Time>,
    old: Option<i64>,
    changed: watch::Sender<()>,
    /// Held while it is looked up, so that those who wait for it do not look it up too.
    checking: Arc<tokio::sync::Mutex<()>>,
}

/// Snapshots by tenant, read from the store when they are asked for.
pub(crate) struct Directories {
    store: Store,
    clock: Clock,
    policy: Arc<Policy>,
    held: RwLock<HashMap<TenantId, Held>>,
}

/// Tries after which a directory that changes all the time is given up.
pub(crate) const TRIES: usize = 8;

impl Directories {
    pub(crate) fn new(store: Store, clock: Clock, policy: Arc<Policy>) -> Self {
        Self { store, clock, policy, held: RwLock::default() }
    }

    fn get(&self, tenant: TenantId) -> Option<Arc<Directory>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(&tenant)?.directory.clone()
    }

    /// When the snapshot was last known to be the newest.
    pub(crate) fn confirmed(&self, tenant: TenantId) -> Option<Time> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).and_then(|held| held.confirmed)
    }

    /// Tells of every change that this process makes or hears of.
    pub(crate) fn changes(&self, tenant: TenantId) -> watch::Receiver<()> {
        self.held.write().unwrap_or_else(PoisonError::into_inner).entry(tenant).or_default().changed.subscribe()
    }

    fn checking(&self, tenant: TenantId) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.held.write().unwrap_or_else(PoisonError::into_inner).entry(tenant).or_default().checking)
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
            held.changed.send_replace(());
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
        held.changed.send_replace(());
    }

    /// Drops one tenant's snapshot, or everybody's: another process may have changed the directory.
    pub(crate) fn invalidate(&self, tenant: Option<TenantId>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        for (_, held) in held.iter_mut().filter(|(id, _)| tenant.is_none_or(|tenant| **id == tenant)) {
            held.directory = None;
            held.changed.send_replace(());
        }
    }

    /// Applies facts that were just committed on this version, so that the whole need not be read again.
    pub(crate) fn apply(&self, tenant: TenantId, version: i64, facts: Vec<Fact>) {
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
        held.changed.send_replace(());
    }

    /// The directory of a tenant, as known a moment ago. A decision made on an old one is refused by the commit as a conflict.
    pub(crate) async fn of(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        if let Some(known) = self.recent(tenant) {
            return Ok(known);
        }
        let checking = self.checking(tenant);
        let _checking = checking.lock().await;
        match self.recent(tenant) {
            Some(known) => Ok(known),
            None => Box::pin(self.newest(tenant)).await,
        }
    }

    /// The directory as it was a moment ago, where that is known: for [`PERIOD`](crate::keyring::PERIOD) where other processes may
    /// change it. They notify, but nothing depends on that.
    fn recent(&self, tenant: TenantId) -> Option<Arc<Directory>> {
        let known = self.get(tenant)?;
        let confirmed = self.confirmed(tenant);
        let good = !self.store.is_shared() || confirmed.is_some_and(|read| is_recent(read, self.clock.now()));
        good.then_some(known)
    }

    /// The directory of a tenant as it is now: where other processes may have changed it, its version is looked up.
    pub(crate) async fn newest(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        let Some(known) = self.get(tenant) else { return self.load(tenant).await };
        if !self.store.is_shared() {
            return Ok(known);
        }
        let now = self.clock.now();
        let version = self.store.head(tenant).await?.map_or(0, |(.., version)| version);
        if version != known.version {
            return self.load(tenant).await;
        }
        self.confirm(tenant, version, now);
        Ok(known)
    }

    /// Loads it whole: the version is read before and after, so that agents and grants belong to it.
    async fn load(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        let store = &self.store;
        for _ in 0..TRIES {
            let now = self.clock.now();
            let Some((.., version)) = store.head(tenant).await? else {
                return Err(Refusal::not_found("tenant", &tenant.0).into());
            };
            let agents = store.agents(tenant).await?;
            let grants = store.grants(tenant).await?;
            if store.head(tenant).await?.is_some_and(|(.., now)| now == version) {
                let agents = agents.into_iter().map(|agent| (agent.name.clone(), agent)).collect();
                let policy = Arc::clone(&self.policy);
                let directory = Arc::new(Directory { version, agents, grants, policy });
                self.put(tenant, &directory);
                self.confirm(tenant, version, now);
                return Ok(directory);
            }
        }
        Err(Error::Store(store::Error::Conflict))
    }
}

impl Engine {
    /// See [`Directories::of`].
    pub(crate) async fn directory(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        self.inner.directories.of(tenant).await
    }

    /// See [`Directories::newest`].
    pub(crate) async fn directory_now(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        self.inner.directories.newest(tenant).await
    }
}
