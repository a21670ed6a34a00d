//! A cluster on one machine: the real engines, and several processes of the real binary behind a balancer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;

use tempfile::TempDir;

use crate::coord::Coord;
use crate::failure::Failure;
use crate::haproxy::HaProxy;
use crate::installed;
use crate::postgres::Postgres;
use crate::rabbitmq::RabbitMq;
use crate::redis::Redis;

/// What processes share: PostgreSQL, RabbitMQ, Redis, and a folder for attachments. Any number of installations, each with a
/// name of its own, live beside each other in them.
pub struct Engines {
    /// The facts.
    pub postgres: Postgres,
    /// The work queues.
    pub rabbitmq: RabbitMq,
    /// What may vanish.
    pub redis: Redis,
    files: TempDir,
}

impl Engines {
    /// Starts all three at once.
    ///
    /// Fails when one is not installed or does not come.
    pub fn start() -> Result<Self, Failure> {
        let (postgres, rabbitmq) = thread::scope(|scope| {
            let (postgres, rabbitmq) = (scope.spawn(Postgres::start), scope.spawn(RabbitMq::start));
            (joined(postgres), joined(rabbitmq))
        });
        Ok(Self {
            postgres: postgres?,
            rabbitmq: rabbitmq?,
            redis: Redis::start()?,
            files: installed::folder("attachments")?,
        })
    }

    /// The folder in which installations keep their attachments, each in one of its name.
    pub fn attachments(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Makes room for an installation and answers the environment of its processes.
    ///
    /// Fails when there is one of that name, or PostgreSQL is down.
    pub fn installation(&self, name: &str) -> Result<Vec<(String, String)>, Failure> {
        let database = self.postgres.create_database(name)?;
        let attachments = self.attachments(name).display().to_string();
        let variables = [
            ("DATABASE_URL", database),
            ("RABBITMQ_URL", self.rabbitmq.url()),
            ("REDIS_URL", self.redis.url()),
            ("COORDINATION__RABBITMQ__QUEUE_PREFIX", name.to_owned()),
            ("COORDINATION__REDIS__PREFIX", name.to_owned()),
            ("COORDINATION__ATTACHMENTS__URL", attachments),
        ];
        Ok(variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

/// How many processes a cluster has of each role.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// `coord api`.
    pub apis: usize,
    /// `coord worker`.
    pub workers: usize,
}

impl Default for Size {
    fn default() -> Self {
        Self { apis: 3, workers: 2 }
    }
}

/// The processes of one installation, the API's behind a balancer. All end with the value.
pub struct Cluster {
    /// The processes of the API.
    pub apis: Vec<Coord>,
    /// The workers.
    pub workers: Vec<Coord>,
    /// What clients talk to.
    pub balancer: HaProxy,
}

impl Cluster {
    /// Starts the processes of `binary` in this environment, and waits until all are ready.
    ///
    /// Fails, with its log, when one does not become ready.
    pub fn start(binary: &str, environment: &[(String, String)], size: Size) -> Result<Self, Failure> {
        let roles = [("api", size.apis), ("worker", size.workers)];
        let roles = roles.iter().flat_map(|(role, count)| std::iter::repeat_n(*role, *count));
        let started: Vec<Result<Coord, Failure>> = thread::scope(|scope| {
            let starting: Vec<_> =
                roles.map(|role| scope.spawn(move || Coord::start_as(role, binary, &borrowed(environment)))).collect();
            starting.into_iter().map(joined).collect()
        });
        let mut apis = started.into_iter().collect::<Result<Vec<_>, _>>()?;
        let workers = apis.split_off(size.apis);
        let addresses: Vec<SocketAddr> = apis.iter().map(Coord::address).collect();
        Ok(Self { apis, workers, balancer: HaProxy::start(&addresses)? })
    }

    /// The URL for clients: the balancer's.
    pub fn url(&self) -> String {
        self.balancer.url()
    }

    /// What all processes have printed.
    pub fn log(&self) -> String {
        let processes = self.apis.iter().chain(&self.workers);
        processes.map(|process| process.daemon.log()).collect::<Vec<_>>().join("\n")
    }
}

fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, Result<T, Failure>>) -> Result<T, Failure> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
