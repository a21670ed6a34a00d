//! The archive: closed stretches of every tenant's log as compressed lines of JSON, each with a manifest, in a folder or an
//! object store.
//!
//! `TENANT/FIRST-LAST.ndjson.zst` holds one event a line, as hashed; `TENANT/FIRST-LAST.json` says what must be in it. The
//! store decides which stretch is next, so any number of workers may write at any time: they write the same bytes under the
//! same names, and nobody sees half an object.

mod archiver;
mod gone;
mod line;
mod manifest;
mod pack;
mod trimmer;
mod verify;

pub use manifest::Manifest;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use blobs::Objects;
use domain::TenantId;

/// The archive of an engine, where it has one.
#[derive(Default)]
pub(crate) struct Archive {
    objects: Option<Objects>,
    failures: AtomicU64,
    /// Up to where each tenant's kept messages were looked at in this round.
    swept: Mutex<HashMap<TenantId, i64>>,
}

impl Archive {
    pub(crate) fn new(objects: Option<Objects>) -> Self {
        Self { objects, ..Self::default() }
    }

    fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    fn swept(&self, tenant: TenantId) -> i64 {
        self.swept.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant).copied().unwrap_or(0)
    }

    fn sweep_to(&self, tenant: TenantId, seq: i64) {
        self.swept.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant, seq);
    }
}

/// How far a tenant's log is in the archive and out of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The tenant's name.
    pub tenant: String,
    /// Where its log ends.
    pub head: i64,
    /// How far it is archived.
    pub archived: i64,
    /// How far it is trimmed.
    pub trimmed: i64,
}

impl crate::Engine {
    /// How far the logs are archived and trimmed, of all tenants that have anything in the archive.
    pub async fn archived(&self) -> crate::Result<Vec<Archived>> {
        let progress = self.inner.store.archive_progress().await?;
        let told =
            |store::Progress { name, head, archived, trimmed, .. }| Archived { tenant: name, head, archived, trimmed };
        Ok(progress.into_iter().map(told).collect())
    }

    /// Stretches that this process failed to archive, so far.
    pub fn archive_failures(&self) -> u64 {
        self.inner.archive.failures.load(Ordering::Relaxed)
    }
}
