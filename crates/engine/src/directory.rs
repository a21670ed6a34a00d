//! Directories: one snapshot per tenant, kept until a commit says that it is old.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::directory::Directory;
use domain::{Refusal, TenantId};

use crate::{Engine, Error, Result};

/// Snapshots by tenant.
#[derive(Default)]
pub(crate) struct Directories {
    held: RwLock<HashMap<TenantId, Arc<Directory>>>,
}

/// Tries after which a directory that changes all the time is given up.
pub(crate) const TRIES: usize = 8;

impl Directories {
    fn get(&self, tenant: TenantId) -> Option<Arc<Directory>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned()
    }

    fn put(&self, tenant: TenantId, directory: &Arc<Directory>) {
        self.held.write().unwrap_or_else(PoisonError::into_inner).insert(tenant, Arc::clone(directory));
    }

    /// Forgets a snapshot that a commit has shown to be old.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.held.write().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }
}

impl Engine {
    /// The directory of a tenant, as last known. A decision made on an old one is refused by the commit as a conflict.
    pub(crate) async fn directory(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        match self.inner.directories.get(tenant) {
            Some(directory) => Ok(directory),
            None => self.load_directory(tenant).await,
        }
    }

    /// Loads it whole: the version is read before and after, so that agents and grants belong to it.
    async fn load_directory(&self, tenant: TenantId) -> Result<Arc<Directory>> {
        let store = &self.inner.store;
        for _ in 0..TRIES {
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
                return Ok(directory);
            }
        }
        Err(Error::Store(store::Error::Conflict))
    }
}
