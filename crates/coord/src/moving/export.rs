//! Writing a tenant out.

use std::fs;
use std::path::Path;

use domain::event::Event;
use domain::{AgentName, State, TenantId, Time, chain, webhook_address};
use engine::Clock;
use store::{EventFilter, Rest, Store};

use super::files::Draft;
use super::manifest::{self, Manifest, Mark, Part};
use super::progress::Progress;
use super::{Error, Place, bytes, line};

/// Bytes of a file of events; the last event of a file may go beyond.
const PART_BYTES: u64 = 16 * 1024 * 1024;
/// Rows that are read at a time; an event may hold a body.
const PAGE: usize = 256;
/// The file of what the log does not tell.
const REST: &str = "rest.ndjson";

/// Writes a tenant out, up to where its log ends now; or goes on where an export was stopped.
pub(super) async fn run(place: &Place, name: &str, folder: &Path) -> Result<String, Error> {
    let store = &place.store;
    let found = store.tenant_by_name(name).await?;
    let tenant =
        found.ok_or_else(|| Error::Refused(format!("there is no tenant `{name}`: coord tenants lists them")))?;
    let id = tenant.id;
    fs::create_dir_all(folder.join(bytes::FOLDER)).map_err(Error::io(folder))?;
    let mut manifest = match Manifest::read(folder)? {
        Some(manifest) if manifest.complete => {
            let (to, seq) = (folder.display(), manifest.head.seq);
            return Err(Error::Refused(format!("{to} holds a whole export up to event {seq}: choose another folder")));
        }
        Some(manifest) => goes_on(manifest, store, &tenant).await?,
        None => {
            let (seq, hash, _) = store.head(id).await?.unwrap_or_default();
            let manifest = Manifest::new(tenant, Mark { seq, hash });
            manifest.write(folder)?;
            manifest
        }
    };
    let progress = Progress::of("events", manifest.head.seq.unsigned_abs(), manifest.reached().seq.unsigned_abs());
    while manifest.reached().seq < manifest.head.seq {
        let part = write_part(store, id, folder, &manifest, &progress).await?;
        manifest.parts.push(part);
        manifest.write(folder)?;
    }
    drop(progress);
    manifest.attachments = bytes::export(place, id, folder).await?;
    manifest.rest = Some(write_rest(store, id, folder, &manifest).await?);
    manifest.complete = true;
    manifest.write(folder)?;
    let Manifest { tenant, head, attachments, .. } = &manifest;
    Ok(format!("{tenant}: {} events and {attachments} attachments are in {}", head.seq, folder.display()))
}

/// An export that was stopped, where it is one of this tenant.
async fn goes_on(manifest: Manifest, store: &Store, tenant: &domain::tenant::Tenant) -> Result<Manifest, Error> {
    let Mark { seq, hash } = manifest.head;
    let same = seq == 0 || store.event(tenant.id, seq).await?.is_some_and(|event| event.hash == hash);
    if manifest.tenant == tenant.name && same {
        return Ok(manifest);
    }
    Err(Error::Refused(format!("the folder holds an export of another `{}`: choose another", manifest.tenant)))
}

async fn write_part(
    store: &Store,
    tenant: TenantId,
    folder: &Path,
    manifest: &Manifest,
    progress: &Progress,
) -> Result<Part, Error> {
    let mut reached = manifest.reached();
    let first = reached.seq + 1;
    let file = format!("events-{first:012}.ndjson");
    let mut draft = Draft::begin(&folder.join(&file))?;
    while reached.seq < manifest.head.seq && draft.bytes() < PART_BYTES {
        let most = usize::try_from(manifest.head.seq - reached.seq).unwrap_or(PAGE).min(PAGE);
        let events = store.events(tenant, &EventFilter::default(), reached.seq, most).await?;
        if events.is_empty() {
            return Err(missing(reached.seq + 1));
        }
        for event in events {
            follows(&event, reached)?;
            reached = Mark { seq: event.seq, hash: event.hash };
            draft.write(&line::write(&event).map_err(|error| Error::Refused(error.to_string()))?)?;
        }
        progress.at(reached.seq);
    }
    let written = draft.finish()?;
    Ok(Part { file, first, last: reached, sha256: written.sha256, bytes: written.bytes })
}

/// Holds an event to the one before it, so that what is damaged is not carried on.
fn follows(event: &Event, before: Mark) -> Result<(), Error> {
    if event.seq != before.seq + 1 {
        return Err(missing(before.seq + 1));
    }
    let hash = chain::link(&before.hash, event.seq, event.at, event.kind.as_str(), event.data.as_bytes());
    if hash == event.hash {
        return Ok(());
    }
    Err(Error::Refused(format!("event {} is not what its hash says: coord verify shows what is wrong", event.seq)))
}

fn missing(seq: i64) -> Error {
    Error::Refused(format!(
        "event {seq} is not in the store: a log whose beginning went to the archive cannot be moved, nor one with a gap. \
         Move the database itself and its archive instead, as from a backup"
    ))
}

/// Writes what the log does not tell.
async fn write_rest(
    store: &Store,
    tenant: TenantId,
    folder: &Path,
    manifest: &Manifest,
) -> Result<manifest::Rest, Error> {
    let head = manifest.head.seq;
    let until = store.event(tenant, head).await?.map_or(Time(0), |event| event.at);
    let mut draft = Draft::begin(&folder.join(REST))?;
    let mut put = |rest: Rest| -> Result<(), Error> {
        let mut line = serde_json::to_vec(&rest).map_err(|error| Error::Refused(error.to_string()))?;
        line.push(b'\n');
        draft.write(&line)
    };
    let mut after = String::new();
    loop {
        let page = store.keys(tenant, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.key.id);
        page.into_iter().filter(|row| row.key.created_at <= until).try_for_each(|row| put(Rest::key(row)))?;
    }
    after.clear();
    loop {
        let page = store.idempotency_keys(tenant, (&after, PAGE), head, Clock::system().now()).await?;
        let Some(Rest::Idempotency { key, .. }) = page.last() else { break };
        after.clone_from(key);
        page.into_iter().try_for_each(&mut put)?;
    }
    for agent in store.agents(tenant).await? {
        if let Some(secrets) = store.webhook_secrets(tenant, &agent.name).await? {
            put(Rest::webhook_secret(agent.name.clone(), &secrets))?;
        }
        if let Some(address) = agent.webhook.clone().filter(|address| *address != webhook_address::published(address)) {
            put(Rest::WebhookAddress { agent: agent.name.clone(), address })?;
        }
        leases(store, tenant, &agent.name, head, &mut put).await?;
    }
    let written = draft.finish()?;
    Ok(manifest::Rest { file: REST.to_owned(), sha256: written.sha256, bytes: written.bytes })
}

/// The leases of an agent. One that was given after the export began is of a later attempt than the log tells of, and comes to
/// nothing when it is brought in.
async fn leases(
    store: &Store,
    tenant: TenantId,
    agent: &AgentName,
    head: i64,
    put: &mut impl FnMut(Rest) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after = (-1, 0);
    loop {
        let page = store.inbox(tenant, agent.as_str(), State::Leased, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.delivery.priority.code(), last.delivery.seq);
        for found in page.into_iter().filter(|found| found.delivery.seq <= head) {
            let delivery = found.delivery;
            let (seq, attempt, lease) = (delivery.seq, delivery.attempt, delivery.lease);
            put(Rest::Lease { agent: delivery.agent, seq, attempt, lease })?;
        }
    }
}
