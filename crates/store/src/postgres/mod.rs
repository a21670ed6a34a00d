//! The PostgreSQL driver: one connection that commits in groups, a pool that reads.

mod address;
mod committer;
mod connect;
mod group;
mod pipeline;
mod probe;
mod tls;
mod values;
mod writes;

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio_postgres::types::ToSql;

pub(crate) use address::address_fault;
pub(crate) use committer::full;
pub use connect::PostgresOptions;

use crate::queue::Queue;
use crate::value::{Row, Value};
use crate::{Error, Result, migrate};

#[derive(Clone)]
pub(crate) struct Postgres {
    pub(crate) queue: Queue,
    pool: Pool,
    timeout_after: Duration,
}

/// Statements with more parameters than this are not kept prepared: their number varies, and with it their text.
const KEPT_PARAMETERS_MAX: usize = 12;

impl Postgres {
    /// Connects, brings the schema up to date where `migrate` says so, and starts the committer on the current runtime.
    pub(crate) async fn open(options: &PostgresOptions, migrate: bool) -> Result<Self> {
        let connector = connect::Connector::new(options)?;
        if migrate {
            let client = connector.connect().await?;
            migrate::postgres(&client).await?;
        }
        let pool = connector.pool(options)?;
        let (queue, waiting) = Queue::new(options.queue, options.queue_bytes);
        committer::start(connector, waiting, options);
        Ok(Self { queue, pool, timeout_after: options.timeout_after })
    }

    /// Runs one query that changes nothing; once more on another connection where the first was lost.
    pub(crate) async fn query(&self, sql: String, parameters: Vec<Value>) -> Result<Vec<Row>> {
        let attempt = || self.query_once(&sql, &parameters);
        let patiently = async {
            match attempt().await {
                Err(Attempt::Lost(_)) => attempt().await,
                outcome => outcome,
            }
        };
        match tokio::time::timeout(self.timeout_after, patiently).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(Attempt::Lost(error) | Attempt::Failed(error))) => Err(error),
            Err(_) => Err(Error::Unavailable(format!("no answer in {} s", self.timeout_after.as_secs_f32()))),
        }
    }

    /// Runs one statement that may be repeated, beside the committer.
    pub(crate) async fn write(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<()> {
        let run = async {
            let client = self.pool.get().await.map_err(|error| Error::Unavailable(error.to_string()))?;
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, parameters).await?;
            Ok(())
        };
        let late = |_| Err(Error::Unavailable(format!("no answer in {} s", self.timeout_after.as_secs_f32())));
        tokio::time::timeout(self.timeout_after, run).await.unwrap_or_else(late)
    }

    async fn query_once(&self, sql: &str, parameters: &[Value]) -> std::result::Result<Vec<Row>, Attempt> {
        let client = self.pool.get().await.map_err(|error| Attempt::Failed(Error::Unavailable(error.to_string())))?;
        let run = async {
            let statement = if parameters.len() > KEPT_PARAMETERS_MAX {
                client.prepare(sql).await?
            } else {
                client.prepare_cached(sql).await?
            };
            let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
            client.query(&statement, &parameters).await
        };
        match run.await {
            Ok(rows) => rows.iter().map(values::row).collect::<Result<_>>().map_err(Attempt::Failed),
            Err(error) if client.is_closed() => Err(Attempt::Lost(error.into())),
            Err(error) => Err(Attempt::Failed(error.into())),
        }
    }
}

/// Why a query was not answered: what the database says, and whether it says that what it read is damaged.
pub(crate) struct Unanswered {
    pub(crate) text: String,
    pub(crate) is_damage: bool,
}

impl Postgres {
    /// Makes an extension where it is not there; answers why it cannot be.
    pub(crate) async fn make_extension(&self, name: &str) -> Result<std::result::Result<(), String>> {
        let client = self.pool.get().await.map_err(|error| Error::Unavailable(error.to_string()))?;
        let made = client.batch_execute(&format!("CREATE EXTENSION IF NOT EXISTS {name}")).await;
        match made {
            Ok(()) => Ok(Ok(())),
            Err(error) if error.as_db_error().is_some() => Ok(Err(full(&error))),
            Err(error) => Err(error.into()),
        }
    }

    /// Runs one query that may take as long as it takes.
    pub(crate) async fn query_in_its_time(
        &self,
        sql: &str,
        parameters: &[Value],
    ) -> Result<std::result::Result<Vec<Row>, Unanswered>> {
        let client = self.pool.get().await.map_err(|error| Error::Unavailable(error.to_string()))?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        match client.query(sql, &parameters).await {
            Ok(rows) => rows.iter().map(values::row).collect::<Result<_>>().map(Ok),
            Err(error) => match error.code() {
                Some(code) => {
                    let is_damage = code.code().starts_with("XX");
                    Ok(Err(Unanswered { text: full(&error), is_damage }))
                }
                None => Err(error.into()),
            },
        }
    }
}

/// How one attempt to read went wrong.
enum Attempt {
    /// With its connection: another may do better.
    Lost(Error),
    /// For good.
    Failed(Error),
}
