//! An installation: the engine on top of what configuration names and a data folder holds.

use std::path::Path;
use std::sync::Arc;

use blobs::{Blobs, Objects};
use broker::Broker;
use domain::Digest;
use engine::{AccessPolicy, AnonymousAccess, Clock, Engine, Parts, Role, admin_key_digest};
use ephemeral::Ephemeral;
use server::Metrics;
use server::config::{AuthConfig, AuthMode};
use store::{Options, PostgresOptions, Store};
use webhook::Webhooks;

use crate::config::Config;
use crate::data_folder::DataFolder;

/// Tasks that wait for workers in this process; whoever publishes more waits.
const TASKS_MAX: usize = 10_000;

/// Why an installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Nothing says where the facts are.
    #[error("neither a database nor a data folder holds anything")]
    Nowhere,
    /// The facts cannot be read.
    #[error("cannot open the store: {0}")]
    Store(#[from] store::Error),
    /// The attachments cannot be reached.
    #[error("cannot open the attachments: {0}")]
    Blobs(#[source] blobs::Error),
    /// The archive cannot be reached.
    #[error("cannot open the archive: {0}")]
    Archive(#[source] blobs::Error),
    /// The address of the broker names none.
    #[error("cannot reach RabbitMQ: {0}")]
    Broker(#[from] broker::UrlError),
    /// The address of Redis names none.
    #[error("cannot reach Redis: {0}")]
    Ephemeral(#[from] ephemeral::UrlError),
    /// The engine does not start.
    #[error("cannot start: {0}")]
    Engine(#[from] engine::Error),
}

/// Opens the store: the database that configuration names, else the data folder's; makes or migrates it where needed. Must be
/// called on a runtime.
pub(crate) async fn store(config: &Config, folder: Option<&DataFolder>) -> Result<Store, Error> {
    match (postgres(config), folder) {
        (Some(options), _) => Ok(Store::open_postgres(&options, true).await?),
        (None, Some(folder)) => {
            let ((queue, queue_bytes), searches) = (config.limits.queue(), config.limits.searches);
            Ok(Store::open_sqlite(folder.path(), Options { queue, queue_bytes, searches, ..Options::default() })?)
        }
        (None, None) => Err(Error::Nowhere),
    }
}

/// Opens the database that configuration names, and brings its schema up to date where `migrate` says so.
pub(crate) async fn database(config: &Config, migrate: bool) -> Result<Store, Error> {
    let options = postgres(config).ok_or(Error::Nowhere)?;
    Ok(Store::open_postgres(&options, migrate).await?)
}

fn postgres(config: &Config) -> Option<PostgresOptions> {
    let (queue, queue_bytes) = config.limits.queue();
    let options = config.database.postgres(queue, queue_bytes)?;
    let (searches, search_time) = (config.limits.searches, config.limits.search_time.to_std());
    Some(PostgresOptions { searches, search_time, ..options })
}

/// Opens the place for attachments: the one that configuration names, else that of a data folder, else none.
pub(crate) fn blobs(config: &Config, folder: Option<&Path>) -> Result<Blobs, blobs::Error> {
    match (&config.attachments.url, folder) {
        (Some(url), _) => Blobs::open(url, &config.s3),
        (None, Some(folder)) => Blobs::in_folder(&folder.join("attachments")),
        (None, None) => Ok(Blobs::Nowhere),
    }
}

/// Starts an engine in its role, which counts into these metrics. Must be called on a runtime.
pub(crate) async fn open(
    config: &Config,
    role: Role,
    folder: Option<&DataFolder>,
    metrics: &Arc<Metrics>,
) -> Result<Engine, Error> {
    let blobs = blobs(config, folder.map(DataFolder::path)).map_err(Error::Blobs)?;
    let archive = config.archive.url.as_ref().map(|url| Objects::open(url, &config.s3)).transpose();
    let parts = Parts {
        store: store(config, folder).await?,
        broker: match &config.rabbitmq.url {
            Some(url) => Broker::rabbitmq(url.expose(), &config.rabbitmq)?,
            None => Broker::in_process(TASKS_MAX),
        },
        ephemeral: match &config.redis.url {
            Some(url) => Ephemeral::redis(url.expose(), &config.redis)?,
            None => Ephemeral::default(),
        },
        blobs,
        archive: archive.map_err(Error::Archive)?,
        clock: Clock::system(),
        observer: Some(metrics.observer()),
        pusher: Some(Arc::new(Webhooks::new(&config.webhooks))),
    };
    Ok(Engine::start_as(role, parts, config.engine(), access(&config.auth)).await?)
}

fn access(auth: &AuthConfig) -> AccessPolicy {
    let open = match auth.mode {
        AuthMode::Open => AnonymousAccess::UntilFirstKey,
        AuthMode::Keys => AnonymousAccess::Never,
        AuthMode::None => AnonymousAccess::Always,
    };
    let admin: Option<Digest> = auth.admin_key.as_ref().map(|key| admin_key_digest(key.expose()));
    AccessPolicy { anonymous: open, admin }
}
