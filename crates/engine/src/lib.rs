//! The moving parts: send, receive, ack, relay, worker, timers. Knows no HTTP.
//!
//! Every face (HTTP, command line, MCP) calls the same verbs on [`Session`], which [`Engine::session`] gives. A verb loads what the rule needs, lets `domain`
//! decide, hands the change to the store's committer and notifies whoever waits.

pub mod config;

mod agent;
mod archive;
mod attachment;
mod authority;
mod claim;
mod clock;
mod decision;
mod directory;
mod error;
mod event;
mod gate;
mod health;
mod idempotency;
mod inbox;
mod job;
mod key;
mod keyring;
mod message;
mod observer;
mod page;
mod policy;
mod quota;
mod random;
mod rate;
mod retirement;
mod role;
mod search;
mod searches;
mod send;
mod session;
mod settle;
mod shared;
mod stream;
mod tenant;
mod waiters;
mod webhook;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use blobs::{Blobs, Objects};
use broker::Broker;
use domain::directory::Policy;
use domain::{Digest, TenantId, Time};
use ephemeral::Ephemeral;
use store::Store;
use tokio_util::sync::CancellationToken;

pub use archive::{Archived, Manifest};
pub use attachment::BoxError;
pub use authority::AuthorityCheck;
pub use clock::{Clock, Sources};
pub use config::Config;
pub use decision::DecisionsQuery;
pub use domain::agent::AgentPut;
pub use domain::directory::GrantRequest;
pub use domain::filter::{EventFilter, MessageFilter};
pub use domain::key::KeyRequest;
pub use domain::view::{
    AgentView, ArchiveReport, AuthorityView, Check, Head, Inbox, InboxItem, MessageView, Problem, Ready, Receipts,
    Report, Sent, Status,
};
pub use domain::{IdempotencyKey, Page, Paged};
pub use error::{Error, Result};
pub use job::Stepped;
pub use job::push::{Push, Pushed, Pusher};
pub use key::admin_key_digest;
pub use observer::Observer;
pub use rate::Admitted;
pub use role::Role;
pub use session::{Credentials, Session};
pub use waiters::BodyBytes;

/// The name of the first tenant.
const DEFAULT: &str = "default";
/// How long work in hand may take to end where nobody says.
const GRACE: Duration = Duration::from_secs(10);

/// How long handing over to others may take.
const HAND_OVER: Duration = Duration::from_secs(2);

/// What the engine stands on.
pub struct Parts {
    /// The facts.
    pub store: Store,
    /// The work queues.
    pub broker: Broker,
    /// Wake-ups and presence.
    pub ephemeral: Ephemeral,
    /// The attachments' bytes.
    pub blobs: Blobs,
    /// Where closed segments of the log go; none: nowhere.
    pub archive: Option<Objects>,
    /// The time.
    pub clock: Clock,
    /// Who takes note of what happens, for metrics.
    pub observer: Option<Arc<dyn Observer>>,
    /// What hands deliveries to webhooks; none: nothing is pushed.
    pub pusher: Option<Arc<dyn Pusher>>,
}

/// Who is let in without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnonymousAccess {
    /// Nobody.
    Never,
    /// Everybody, until the first key is made: the quick start on a loopback address.
    UntilFirstKey,
    /// Everybody.
    Always,
}

/// Who may come in.
#[derive(Clone, Debug)]
pub struct AccessPolicy {
    /// Who is let in without a key.
    pub anonymous: AnonymousAccess,
    /// The SHA-256 of a key that administers `default` without being stored.
    pub admin: Option<Digest>,
}

/// The engine. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    broker: Broker,
    ephemeral: Ephemeral,
    blobs: Blobs,
    archive: Option<Objects>,
    clock: Clock,
    config: Arc<Config>,
    policy: Arc<Policy>,
    access: AccessPolicy,
    first_key: Arc<keyring::FirstKey>,
    keyring: Arc<keyring::Keyring>,
    tenants: tenant::Names,
    waiters: waiters::Waiters,
    searches: searches::Searches,
    observer: Option<Arc<dyn Observer>>,
    pusher: Option<Arc<dyn Pusher>>,
    directories: Arc<directory::Directories>,
    writer: Arc<writer::Writer>,
    claims: Arc<claim::Claims>,
    secrets: Arc<webhook::Secrets>,
    retirement: Arc<retirement::Retirement>,
    draining: CancellationToken,
    lifecycle: shared::Lifecycle,
    jobs: Arc<job::Jobs>,
    store_health: health::StoreHealth,
}

impl Engine {
    /// Starts an engine that does everything: opens it, and starts the loops behind it on the current tokio runtime.
    pub async fn start(parts: Parts, config: Config, access: AccessPolicy) -> Result<Self> {
        Self::start_as(Role::All, parts, config, access).await
    }

    /// Starts an engine that does its part beside others on the same store.
    pub async fn start_as(role: Role, parts: Parts, config: Config, access: AccessPolicy) -> Result<Self> {
        let engine = Self::on(parts, config, access).await?;
        if role.founds() {
            engine.bootstrap().await?;
        } else {
            engine.ensure_default().await?;
            engine.learn_names().await?;
        }
        engine.inner.jobs.start(role, engine.inner.broker.is_shared());
        Ok(engine)
    }

    /// Opens an engine, and makes the tenant `default` and the configured agents where they are missing. Nothing happens by
    /// itself: whoever opens it takes the steps (`timers_step` and the others) as it pleases.
    pub async fn open(parts: Parts, config: Config, access: AccessPolicy) -> Result<Self> {
        let engine = Self::on(parts, config, access).await?;
        engine.bootstrap().await?;
        Ok(engine)
    }

    async fn on(parts: Parts, config: Config, access: AccessPolicy) -> Result<Self> {
        let (store, clock) = (&parts.store, &parts.clock);
        if let Some((newest, ..)) = store.head(TenantId::DEFAULT).await?
            && let Some(event) = store.event(TenantId::DEFAULT, newest).await?
            && clock.not_before(event.at)
        {
            tracing::warn!(event.time = %event.at, "the log is more than a day ahead of the wall clock");
        }
        let first_key = Arc::new(keyring::FirstKey::new(parts.store.any_key().await?));
        let keyring = Arc::new(keyring::Keyring::default());
        let (archive, pusher, blobs) = (parts.archive.clone(), parts.pusher.clone(), parts.blobs.clone());
        let shared = shared::Shared::new(parts, config);
        let jobs = {
            let (directories, first_key) = (Arc::clone(&shared.directories), Arc::clone(&first_key));
            let invalidator = job::Invalidator::new(&shared.ephemeral, directories, first_key, Arc::clone(&keyring));
            Arc::new(job::Jobs::new(&shared, invalidator, archive.clone(), pusher.clone())?)
        };
        let inner = Inner {
            waiters: waiters::Waiters::new(&shared.config.limits),
            searches: searches::Searches::new(&shared.config.limits),
            tenants: tenant::Names::default(),
            draining: shared.lifecycle.draining.clone(),
            store: shared.store,
            broker: shared.broker,
            ephemeral: shared.ephemeral,
            clock: shared.clock,
            config: shared.config,
            policy: shared.policy,
            observer: shared.observer,
            directories: shared.directories,
            writer: shared.writer,
            claims: shared.claims,
            secrets: shared.secrets,
            retirement: shared.retirement,
            lifecycle: shared.lifecycle,
            blobs,
            archive,
            access,
            first_key,
            keyring,
            pusher,
            jobs,
            store_health: health::StoreHealth::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> Time {
        self.inner.clock.now()
    }

    /// How often the wall clock has jumped since this process began.
    pub fn clock_jumps(&self) -> u64 {
        self.inner.clock.jumps()
    }

    /// The configuration it was started with.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// From now on it is not ready, long polls are answered at once, streams end, and workers take no further tasks; everything
    /// else goes on.
    pub fn drain(&self) {
        self.inner.draining.cancel();
    }

    /// Stops as [`Engine::stop_within`] does, with ten seconds of grace.
    pub async fn stop(&self) {
        self.stop_within(GRACE).await;
    }

    /// Stops the loops, lets workers finish what they have in hand for as long as `grace`, gives the rest back to the broker,
    /// finishes the changes that wait, and closes the store.
    pub async fn stop_within(&self, grace: Duration) {
        self.drain();
        let shared::Lifecycle { stop, abandon, tasks, .. } = &self.inner.lifecycle;
        stop.cancel();
        tasks.close();
        if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
            tracing::warn!(grace_s = grace.as_secs_f32(), "work in hand was given back");
            abandon.cancel();
            tasks.wait().await;
        }
        if !matches!(tokio::time::timeout(HAND_OVER, self.inner.jobs.hand_over()).await, Ok(Ok(()))) {
            tracing::warn!("the store is away: others take over after a while");
        }
        self.inner.broker.close().await;
        self.inner.ephemeral.close().await;
        self.inner.store.close().await;
    }

    /// Makes `default` and its agents; what configuration says of an agent holds over what was put since.
    async fn bootstrap(&self) -> Result<()> {
        let tenant = self.ensure_default().await?;
        let wanted = policy::agents(&self.inner.config, self.now());
        let has_history = self.inner.store.head(tenant).await?.is_some_and(|(seq, ..)| seq > 0);
        match self.found(tenant, DEFAULT, wanted).await {
            // On a full disk, say: what is here can be read, and everything else is refused until there is room.
            Err(Error::Store(error @ store::Error::Unavailable(_))) if has_history => {
                tracing::warn!(%error, "the agents stay as they are: the store cannot be written");
                self.learn_names().await
            }
            outcome => outcome,
        }
    }

    async fn ensure_default(&self) -> Result<TenantId> {
        let tenant = self.inner.store.ensure_tenant(DEFAULT, self.now()).await?;
        if tenant == TenantId::DEFAULT {
            return Ok(tenant);
        }
        Err(Error::Internal(format!("tenant `{DEFAULT}` has the number {}", tenant.0)))
    }
}
