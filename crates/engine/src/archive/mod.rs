//! The archive: closed segments of every tenant's log as compressed lines of JSON, each with a manifest, in a folder or an
//! object store.
//!
//! `TENANT/FIRST-LAST.ndjson.zst` holds one event a line, as hashed; `TENANT/FIRST-LAST.json` says what must be in it. The
//! store decides which segment is next, so any number of workers may write at any time: they write the same bytes under the
//! same names, and nobody sees half an object.

mod gone;
mod line;
pub(crate) mod manifest;
pub(crate) mod pack;
mod verify;

pub use manifest::Manifest;

use domain::{TenantId, Time};
use store::{Change, Command, Store};

use crate::{Engine, Result};

/// Commits one step of archiving a log.
pub(crate) async fn commit<C: Command>(store: &Store, tenant: TenantId, now: Time, command: C) -> Result<C::Outcome> {
    Ok(store.commit(Change { tenant, now, version: None, command }).await?.outcome)
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

impl Engine {
    /// How far the logs are archived and trimmed, of all tenants that have anything in the archive.
    pub async fn archived(&self) -> Result<Vec<Archived>> {
        let progress = self.inner.store.archive_progress().await?;
        let told =
            |store::Progress { name, head, archived, trimmed, .. }| Archived { tenant: name, head, archived, trimmed };
        Ok(progress.into_iter().map(told).collect())
    }

    /// Segments that this process failed to archive, so far.
    pub fn archive_failures(&self) -> u64 {
        self.inner.jobs.archive_failures()
    }
}
