//! The archiver: closes the next segment of a log, writes it, reads it back and says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use blobs::Objects;
use bytes::Bytes;
use domain::TenantId;
use store::{ARCHIVE_CURSOR, CloseSegment, Command, ConfirmSegment, Segment, Store};

use super::{ElectedJob, Stepped};
use crate::archive::manifest::{self, Manifest};
use crate::archive::pack::{Pack, unpack};
use crate::config::ArchiveConfig;
use crate::{Clock, Error, Result, archive};

/// Events that are read at a time; each may hold a body.
const PAGE: usize = 256;

/// Archives closed segments.
pub(super) struct Archiver {
    store: Store,
    /// The archive, where there is one.
    objects: Option<Objects>,
    clock: Clock,
    config: ArchiveConfig,
    elected: Arc<ElectedJob>,
    failures: AtomicU64,
}

impl Archiver {
    pub(super) fn new(
        store: Store,
        objects: Option<Objects>,
        clock: Clock,
        config: ArchiveConfig,
        elected: Arc<ElectedJob>,
    ) -> Self {
        Self { store, objects, clock, config, elected, failures: AtomicU64::new(0) }
    }

    /// Segments that this process failed to archive, so far.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Archives one segment of each tenant that has one.
    pub(super) async fn step(&self) -> Result<Stepped> {
        let Some(objects) = &self.objects else { return Ok(Stepped::Idle) };
        if !self.elected.is_held().await? {
            return Ok(Stepped::Idle);
        }
        let (mut stepped, mut failed) = (Stepped::Idle, None);
        for (tenant, ..) in self.store.behind(ARCHIVE_CURSOR).await? {
            match self.archive_next(objects, tenant).await {
                Ok(false) => {}
                Ok(true) => stepped = Stepped::More,
                Err(error) => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(%error, tenant = tenant.0, "a segment of the log could not be archived");
                    failed = Some(error);
                }
            }
        }
        failed.map_or(Ok(stepped), Err)
    }

    /// Archives the next segment of a tenant; answers whether there was one.
    async fn archive_next(&self, objects: &Objects, tenant: TenantId) -> Result<bool> {
        let found = self.store.tenant(tenant).await?;
        let name = found.ok_or_else(|| Error::Internal(format!("tenant {} has a log and no name", tenant.0)))?.name;
        let last = self.store.segment_at(tenant, i64::MAX).await?;
        let open = match last {
            Some(open) if open.sha256.is_none() => Some(open),
            last => self.close_next(tenant, &name, last.map_or(1, |last| last.last + 1)).await?,
        };
        match open {
            Some(open) => self.write(objects, tenant, &name, &open).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Closes the segment that begins here, where it is full or old enough; whoever else has closed it meanwhile is right.
    async fn close_next(&self, tenant: TenantId, name: &str, first: i64) -> Result<Option<Segment>> {
        let Some(last) = self.end_of(tenant, first).await? else { return Ok(None) };
        let close = CloseSegment { first, last, object: manifest::object(name, first, last) };
        match self.take(tenant, close).await {
            Ok(()) | Err(Error::Store(store::Error::Conflict)) => {}
            Err(error) => return Err(error),
        }
        let open = self.store.segment_at(tenant, i64::MAX).await?;
        Ok(open.filter(|open| open.sha256.is_none()))
    }

    /// Where the segment that begins here ends; none while it may still grow.
    async fn end_of(&self, tenant: TenantId, first: i64) -> Result<Option<i64>> {
        let config = &self.config;
        let sizes = self.store.sizes(tenant, first - 1, config.segment_events).await?;
        let mut bytes = 0;
        for sized in &sizes {
            bytes += sized.bytes as u64;
            if bytes >= config.segment_bytes.0 {
                return Ok(Some(sized.seq));
            }
        }
        let (Some(oldest), Some(latest)) = (sizes.first(), sizes.last()) else { return Ok(None) };
        let due = sizes.len() >= config.segment_events || self.clock.now().since(oldest.at) >= config.segment_age;
        Ok(due.then_some(latest.seq))
    }

    async fn write(&self, objects: &Objects, tenant: TenantId, name: &str, open: &Segment) -> Result<()> {
        let (bytes, manifest) = self.pack(tenant, name, open).await?;
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::Internal(error.to_string()))?;
        objects.put(&open.object, Bytes::from(bytes)).await?;
        objects.put(&Manifest::name_of(&open.object), Bytes::from(text.clone())).await?;
        let written = objects.get(&Manifest::name_of(&open.object)).await?;
        let back = objects.get(&open.object).await?;
        if written != text {
            return Err(Error::Internal(format!("{} reads back as something else", Manifest::name_of(&open.object))));
        }
        let (sha256, size) = (manifest.sha256, manifest.bytes as i64);
        let read = tokio::task::spawn_blocking(move || unpack(&back, &manifest, drop)).await;
        let read = read.map_err(|error| Error::Internal(error.to_string()))?;
        read.map_err(|why| Error::Internal(format!("{} was written and {why}", open.object)))?;
        self.take(tenant, ConfirmSegment { first: open.first, last: open.last, sha256, bytes: size }).await
    }

    async fn pack(&self, tenant: TenantId, name: &str, open: &Segment) -> Result<(Vec<u8>, Manifest)> {
        let broken = |why: String| Error::Internal(format!("the log is not archived further: {why}"));
        let mut pack: Option<Pack> = None;
        while pack.as_ref().is_none_or(|pack| pack.last() < open.last) {
            let after = pack.as_ref().map_or(open.first - 1, Pack::last);
            let wanted = usize::try_from(open.last - after).unwrap_or(PAGE).min(PAGE);
            let events = self.store.events(tenant, &store::EventFilter::default(), after, wanted).await?;
            let Some(first) = events.first() else {
                return Err(broken(format!("event {} is missing", after + 1)));
            };
            if pack.is_none() {
                pack = Some(Pack::begin(after, first.previous).map_err(broken)?);
            }
            if let Some(pack) = &mut pack {
                events.iter().try_for_each(|event| pack.add(event)).map_err(broken)?;
            }
        }
        let pack = pack.ok_or_else(|| broken("an empty segment".to_owned()))?;
        pack.finish(name, &open.object).map_err(broken)
    }

    async fn take<C: Command>(&self, tenant: TenantId, command: C) -> Result<C::Outcome> {
        archive::commit(&self.store, tenant, self.clock.now(), command).await
    }
}
