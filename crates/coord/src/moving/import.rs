//! Bringing a tenant in.

use std::io::BufRead;
use std::path::Path;

use domain::event::Event;
use domain::{AgentName, TenantId};
use engine::Clock;
use store::{Importing, Rest};

use super::manifest::{Manifest, Mark, Part};
use super::progress::Progress;
use super::{Error, Place, bytes, files, line};

/// Events that are written in one transaction, and bytes of them after which one ends.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// What an export holds, where it is whole.
fn whole(folder: &Path) -> Result<Manifest, Error> {
    let shown = folder.display();
    match Manifest::read(folder)? {
        Some(manifest) if manifest.complete => Ok(manifest),
        Some(_) => Err(Error::Refused(format!("the export in {shown} was stopped: run `coord export` there again"))),
        None => Err(Error::Refused(format!("{shown} holds no export: it has no manifest.json"))),
    }
}

/// Brings in the tenant of an export, or goes on where that was stopped. Until it is whole nobody can see it.
pub(super) async fn run(place: &Place, folder: &Path, name: Option<&str>) -> Result<String, Error> {
    let manifest = whole(folder)?;
    let name = name.unwrap_or(&manifest.tenant);
    if !AgentName::is_valid(name) {
        return Err(Error::Refused(format!("`{name}` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`")));
    }
    let store = &place.store;
    let (number, now) = (TenantId(manifest.number), Clock::system().now());
    let mut importing = match store.begin_import(name, manifest.created_at, number, now).await {
        Err(store::Error::Conflict) => return already(place, &manifest, name).await,
        begun => begun?,
    };
    let progress = Progress::of("events", manifest.head.seq.unsigned_abs(), importing.seq.unsigned_abs());
    let begun = importing.seq;
    for part in manifest.parts.iter().filter(|part| part.last.seq >= begun) {
        importing = read_part(place, folder, part, importing, &progress).await?;
    }
    drop(progress);
    if (importing.seq, importing.hash) != (manifest.head.seq, manifest.head.hash) {
        return Err(other(name));
    }
    bytes::import(place, importing.tenant, folder, manifest.attachments).await?;
    let (keys, keys_left) = rest(place, folder, &manifest, &importing).await?;
    store.finish_import(&importing, keys).await?;
    verified(place, importing.tenant, name).await?;
    let mut said = format!("{name}: {} events and {} attachments are here", manifest.head.seq, manifest.attachments);
    if keys_left > 0 {
        said.push_str(&format!(
            "\n{keys_left} keys were left out: they begin with the number {}, and the tenant has {} here. Make new ones.",
            manifest.number, importing.tenant.0
        ));
    }
    Ok(said)
}

/// Forgets what a stopped import has brought in.
pub(super) async fn abandon(place: &Place, folder: &Path, name: Option<&str>) -> Result<String, Error> {
    let manifest = whole(folder)?;
    let name = name.unwrap_or(&manifest.tenant);
    let Some(importing) = place.store.importing(name).await? else {
        return Err(Error::Refused(format!("no import of `{name}` was stopped")));
    };
    place.store.abandon_import(&importing).await?;
    Ok(format!("{} events of `{name}` are forgotten", importing.seq))
}

fn other(name: &str) -> Error {
    Error::Refused(format!(
        "an import of `{name}` from another export was stopped here: finish it, or forget it with --abandon"
    ))
}

/// There is a tenant of this name: the one that is to come, or another.
async fn already(place: &Place, manifest: &Manifest, name: &str) -> Result<String, Error> {
    let tenant = place.store.tenant_by_name(name).await?.map_or(TenantId(0), |tenant| tenant.id);
    let Mark { seq, hash } = manifest.head;
    if place.store.event(tenant, seq).await?.is_some_and(|event| event.hash == hash) {
        return Ok(format!("{name}: all {seq} events are here already"));
    }
    Err(Error::Refused(format!(
        "there is a tenant `{name}` with a history of its own: choose another name with --as NAME, or a fresh place"
    )))
}

async fn read_part(
    place: &Place,
    folder: &Path,
    part: &Part,
    mut importing: Importing,
    progress: &Progress,
) -> Result<Importing, Error> {
    let damaged = |why: String| Error::Damaged { file: folder.join(&part.file).display().to_string(), why };
    let bytes = files::read(folder, &part.file, part.sha256)?;
    let (mut batch, mut size): (Vec<Event>, usize) = (Vec::new(), 0);
    for text in bytes.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
        let event = line::read(text).map_err(damaged)?;
        if event.seq == importing.seq && event.hash != importing.hash {
            return Err(other(&part.file));
        }
        if event.seq <= importing.seq {
            continue;
        }
        size += text.len();
        batch.push(event);
        if batch.len() >= BATCH || size >= BATCH_BYTES {
            importing = write(place, &importing, std::mem::take(&mut batch), damaged).await?;
            size = 0;
            progress.at(importing.seq);
        }
    }
    write(place, &importing, batch, damaged).await
}

async fn write(
    place: &Place,
    importing: &Importing,
    batch: Vec<Event>,
    damaged: impl FnOnce(String) -> Error,
) -> Result<Importing, Error> {
    if batch.is_empty() {
        return Ok(importing.clone());
    }
    match place.store.import(importing, batch).await {
        Err(store::Error::Corrupt(why)) => Err(damaged(why)),
        reached => Ok(reached?),
    }
}

/// Brings in what the log does not tell, but for the keys: answers those, and how many of them cannot be taken along.
async fn rest(
    place: &Place,
    folder: &Path,
    manifest: &Manifest,
    importing: &Importing,
) -> Result<(Vec<Rest>, usize), Error> {
    let Some(file) = &manifest.rest else { return Ok((Vec::new(), 0)) };
    let path = folder.join(&file.file);
    let (mut keys, mut left, mut batch) = (Vec::new(), 0, Vec::new());
    for text in files::checked(folder, &file.file, file.sha256)?.lines() {
        let text = text.map_err(Error::io(&path))?;
        let row = serde_json::from_str(&text).map_err(|error| Error::Damaged {
            file: path.display().to_string(),
            why: format!("a line cannot be read: {error}"),
        })?;
        match row {
            Rest::Key { .. } if importing.tenant.0 == manifest.number => keys.push(row),
            Rest::Key { .. } => left += 1,
            row => batch.push(row),
        }
        if batch.len() >= BATCH {
            place.store.import_rest(importing, std::mem::take(&mut batch)).await?;
        }
    }
    place.store.import_rest(importing, batch).await?;
    Ok((keys, left))
}

/// Verifies what was brought in as `coord verify` does.
async fn verified(place: &Place, tenant: TenantId, name: &str) -> Result<(), Error> {
    let report = place.store.verify(tenant).await?;
    match report.problems.first() {
        None => Ok(()),
        Some(problem) => Err(Error::Refused(format!(
            "`{name}` is here and not as it should be: {} ({} problems in all); coord verify lists them",
            problem.detail,
            report.problems.len()
        ))),
    }
}
