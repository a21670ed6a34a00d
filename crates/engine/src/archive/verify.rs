//! Checking archive and store as one chain, from the first event to the last.

use std::collections::{BTreeSet, HashMap};

use blobs::Objects;
use domain::refusal::{Code, Refusal};
use domain::view::{ArchiveReport, PROBLEMS_MAX, Problem};
use domain::{Digest, TenantId};

use super::manifest::{FORMAT, Manifest, is_manifest, is_object};
use super::pack::unpack;
use crate::{Engine, Error, Result, Session};

/// How far checking has come.
struct Check {
    hash: Digest,
    report: ArchiveReport,
}

impl Check {
    fn problem(&mut self, seq: i64, what: &'static str, detail: String) {
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(Problem { seq: Some(seq), what, detail });
        }
    }
}

impl Session {
    /// Reads the whole archive of a tenant and checks that every object is what its manifest and the store say, that each event
    /// follows the one before, and that the store's own events are the same and go on where the archive ends. Beside
    /// [`Session::verify`], which checks the store. Fails with [`Code::NotFound`] where there is no archive.
    pub async fn verify_archive(&self) -> Result<ArchiveReport> {
        let caller = self.caller().await?;
        caller.must_observe()?;
        let Some(objects) = &self.inner.archive else {
            let refusal = Refusal::new(Code::NotFound, "This server has no archive.");
            return Err(refusal.with_remedy("Set archive.url.").into());
        };
        let tenant = caller.tenant;
        let name = self.tenant_name(tenant);
        let mut known = self.known(tenant).await?;
        let mut check = Check { hash: Digest::ZERO, report: ArchiveReport::default() };
        for manifest in manifests(objects, &name, &mut check).await? {
            self.check_segment(objects, tenant, manifest, &mut known, &mut check).await?;
        }
        let mut missing: Vec<_> = known.into_iter().collect();
        missing.sort_by_key(|(_, (first, _))| *first);
        for (object, (first, _)) in missing {
            check.problem(first, "object", format!("{object} was written and is missing, or its manifest is"));
        }
        self.check_join(tenant, &mut check).await?;
        Ok(check.report)
    }
}

impl Engine {
    /// The objects that the store knows to be written: first position and SHA-256 of each.
    async fn known(&self, tenant: TenantId) -> Result<HashMap<String, (i64, Digest)>> {
        let mut known = HashMap::new();
        let mut after = 0;
        loop {
            let page = self.inner.store.segments(tenant, after, 1_000).await?;
            let Some(last) = page.last() else { return Ok(known) };
            after = last.first;
            let written =
                page.into_iter().filter_map(|segment| Some((segment.object, (segment.first, segment.sha256?))));
            known.extend(written);
        }
    }

    async fn check_segment(
        &self,
        objects: &Objects,
        tenant: TenantId,
        manifest: Manifest,
        known: &mut HashMap<String, (i64, Digest)>,
        check: &mut Check,
    ) -> Result<()> {
        let (first, object) = (manifest.first_seq, manifest.object.clone());
        let expected = check.report.last_seq + 1;
        if first != expected {
            let what = if first > expected { "are missing" } else { "are there twice" };
            let (from, to) = (expected.min(first), expected.max(first) - 1);
            check.problem(from, "gap", format!("events {from} to {to} {what}, before {object}"));
        } else if manifest.previous_hash != check.hash {
            check.problem(first, "hash", format!("{object} does not follow the segment before it"));
        }
        if known.remove(&object).is_some_and(|(_, sha256)| sha256 != manifest.sha256) {
            check.problem(first, "object", format!("{object} is not the object that was written and recorded"));
        }
        (check.report.last_seq, check.hash) = (manifest.last_seq, manifest.last_hash);
        check.report.segments += 1;
        let bytes = match objects.get(&object).await {
            Ok(bytes) => bytes,
            Err(blobs::Error::Missing) => {
                check.problem(first, "object", format!("{object} is missing"));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let last = manifest.last_seq;
        let read = tokio::task::spawn_blocking(move || {
            let mut hashes = Vec::new();
            let outcome = unpack(&bytes, &manifest, |event| hashes.push((event.seq, event.hash)));
            (hashes, outcome)
        });
        let (hashes, outcome) = read.await.map_err(|error| Error::Internal(error.to_string()))?;
        if let Err(why) = outcome {
            check.problem(first, "object", format!("{object} {why}"));
        }
        check.report.checked += hashes.len() as i64;
        self.compare(tenant, &hashes.into_iter().collect(), (first, last), check).await
    }

    /// Compares the hashes of a segment with those of the events that are still in the store.
    async fn compare(
        &self,
        tenant: TenantId,
        hashes: &HashMap<i64, Digest>,
        (first, last): (i64, i64),
        check: &mut Check,
    ) -> Result<()> {
        let mut after = first - 1;
        loop {
            let page = self.inner.store.hashes(tenant, after, last, 10_000).await?;
            let Some((reached, _)) = page.last().copied() else { return Ok(()) };
            after = reached;
            for (seq, hash) in page {
                if hashes.get(&seq).is_some_and(|archived| *archived != hash) {
                    check.problem(
                        seq,
                        "hash",
                        format!("event {seq} has another hash in the store than in the archive"),
                    );
                }
            }
        }
    }

    /// Checks that the store goes on where the archive ends.
    async fn check_join(&self, tenant: TenantId, check: &mut Check) -> Result<()> {
        let trimmed = self.inner.store.trimmed(tenant).await?;
        let last = check.report.last_seq;
        if last < trimmed.seq {
            let detail = format!("events {} to {} are neither in the archive nor in the store", last + 1, trimmed.seq);
            check.problem(last + 1, "gap", detail);
            return Ok(());
        }
        let next = self.inner.store.event(tenant, last + 1).await?;
        if let Some(next) = next.filter(|next| last > 0 && next.previous != check.hash) {
            check.problem(next.seq, "hash", format!("event {} in the store does not follow the archive", next.seq));
        }
        Ok(())
    }
}

/// The manifests of a tenant, by position; what cannot be read is a problem.
async fn manifests(objects: &Objects, tenant: &str, check: &mut Check) -> Result<Vec<Manifest>> {
    let names = objects.list(tenant).await?;
    let listed: BTreeSet<String> = names.iter().filter(|name| is_manifest(name)).cloned().collect();
    for object in names.iter().filter(|name| is_object(name) && !listed.contains(&Manifest::name_of(name))) {
        // Written and not yet said to be: the archiver goes on with it.
        tracing::debug!(object, "an object has no manifest");
    }
    let mut manifests = Vec::with_capacity(listed.len());
    for name in listed {
        let bytes = objects.get(&name).await?;
        let read = serde_json::from_slice::<Manifest>(&bytes).map_err(|error| error.to_string());
        let right = |manifest: &Manifest| {
            manifest.format == FORMAT && manifest.tenant == tenant && Manifest::name_of(&manifest.object) == name
        };
        match read {
            Ok(manifest) if right(&manifest) => manifests.push(manifest),
            Ok(manifest) => {
                check.problem(manifest.first_seq, "manifest", format!("{name} is the manifest of something else"));
            }
            Err(why) => check.problem(0, "manifest", format!("{name} cannot be read: {why}")),
        }
    }
    manifests.sort_by_key(|manifest| manifest.first_seq);
    Ok(manifests)
}
