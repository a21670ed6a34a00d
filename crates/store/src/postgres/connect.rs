//! Connecting: several hosts, read-write sessions only, bounded in time.

use std::path::PathBuf;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Client, Config};

use super::address;
use super::tls::Tls;
use crate::{Error, Result};

/// Where PostgreSQL is, and sizes.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// `postgres://user:password@host1,host2/database`; several hosts are tried in turn until one takes writes.
    pub url: String,
    /// The certificates of those who may certify the server, in PEM; none: those that this machine trusts. Matters where the
    /// address asks for TLS.
    pub tls_ca: Option<PathBuf>,
    /// Changes that may wait to be committed; further ones are refused as overloaded.
    pub queue: usize,
    /// Bytes of changes that may wait, roughly; one alone may be larger.
    pub queue_bytes: u32,
    /// Changes in one transaction at most.
    pub batch: usize,
    /// Connections for reading.
    pub readers: usize,
    /// Searches at a time, each on a connection of its own.
    pub searches: usize,
    /// How long one query of a search may take.
    pub search_time: Duration,
    /// How long one try to connect may take.
    pub connect: Duration,
    /// How long one query, or one round trip of a commit, may take.
    pub timeout_after: Duration,
    /// How long a commit whose connection was lost may be looked for before it is answered as perhaps done.
    pub resolve: Duration,
}

impl PostgresOptions {
    /// The usual sizes for this address.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            tls_ca: None,
            queue: 8_192,
            queue_bytes: 64 << 20,
            batch: 512,
            readers: 8,
            searches: 2,
            search_time: Duration::from_secs(2),
            connect: Duration::from_secs(2),
            timeout_after: Duration::from_secs(5),
            resolve: Duration::from_secs(15),
        }
    }
}

/// Every query has its index. Of a table that was filled a moment ago PostgreSQL does not know yet that it is large, keeps the
/// plan of when it was empty, and reads it whole. Compiling plans, which a forbidden one could bring about, takes longer than
/// any of them runs. A pooler may lose these settings with the connection behind it; then plans are right once statistics are.
const SESSION: &str = "SET enable_seqscan = off; SET jit = off";

async fn set_up(client: &Client) -> std::result::Result<(), tokio_postgres::Error> {
    client.batch_execute(SESSION).await
}

/// Makes connections.
pub(super) struct Connector {
    config: Config,
    tls: Tls,
    timeout_after: Duration,
}

impl Connector {
    pub(super) fn new(options: &PostgresOptions) -> Result<Self> {
        let wrong = |why: String| Error::Unavailable(format!("the database's address {why}"));
        let address::Address { mut config, encrypted } = address::read(&options.url).map_err(wrong)?;
        let tls = if encrypted { Tls::trusting(options.tls_ca.as_deref())? } else { Tls::none() };
        if config.get_application_name().is_none() {
            config.application_name("coordination");
        }
        config.connect_timeout(options.connect);
        // A demoted primary takes connections but no writes.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.keepalives_idle(Duration::from_secs(10));
        config.tcp_user_timeout(Duration::from_secs(10));
        let hosts = u32::try_from(config.get_hosts().len().max(1)).unwrap_or(1);
        Ok(Self { config, tls, timeout_after: options.connect * hosts + options.connect })
    }

    /// Connects to the first host that takes writes.
    pub(super) async fn connect(&self) -> Result<Client> {
        let connected = tokio::time::timeout(self.timeout_after, self.config.connect(self.tls.clone())).await;
        let (client, connection) =
            connected.map_err(|_| Error::Unavailable("the database does not answer".to_owned()))??;
        spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a database connection ended");
            }
        });
        set_up(&client).await?;
        Ok(client)
    }

    /// How connections are encrypted.
    pub(super) fn tls(&self) -> Tls {
        self.tls.clone()
    }

    /// A pool of so many connections for reading.
    pub(super) fn pool(&self, options: &PostgresOptions, connections: usize) -> Result<Pool> {
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), manager_config);
        let timeouts = Timeouts {
            wait: Some(options.timeout_after),
            create: Some(self.timeout_after),
            recycle: Some(options.connect),
        };
        let set_up =
            Hook::async_fn(|client, _| Box::pin(async move { set_up(client).await.map_err(HookError::Backend) }));
        let pool = Pool::builder(manager).max_size(connections.max(1)).runtime(Runtime::Tokio1).timeouts(timeouts);
        let pool = pool.post_create(set_up).build();
        pool.map_err(|error| Error::Unavailable(error.to_string()))
    }
}

/// Starts what lives as long as a connection or the store: it ends by itself when its other end is dropped.
#[expect(clippy::disallowed_methods, reason = "ends with the connection or queue that it serves")]
pub(super) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
