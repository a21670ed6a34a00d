//! The PostgreSQL driver: one connection that commits in groups, a pool that reads.

mod address;
mod committer;
mod connect;
mod group;
mod pipeline;
mod probe;
mod searches;
mod tls;
mod values;
mod writes;

use std::time::Duration;

use deadpool_postgres::Pool;
use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;

pub(crate) use address::address_fault;
pub(crate) use committer::full;
pub use connect::PostgresOptions;

use crate::queue::Queue;
use crate::search::Hold;
use crate::value::{Row, Value};
use crate::{Error, Result, migrate};

#[derive(Clone)]
pub(crate) struct Postgres {
    pub(crate) queue: Queue,
    pool: Pool,
    timeout_after: Duration,
    searches: searches::Searches,
    /// Present where queries are those of a search.
    search: Option<Hold>,
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
        let pool = connector.pool(options, options.readers)?;
        let searches = searches::Searches {
            pool: connector.pool(options, options.searches)?,
            tls: connector.tls(),
            time: options.search_time,
        };
        let (queue, waiting) = Queue::new(options.queue, options.queue_bytes);
        committer::start(connector, waiting, options);
        Ok(Self { queue, pool, timeout_after: options.timeout_after, searches, search: None })
    }

    /// The same database, queried on the connections for searches.
    pub(crate) fn searching(&self, hold: Hold) -> Self {
        Self { search: Some(hold), ..self.clone() }
    }

    /// Runs one query that changes nothing.
    pub(crate) async fn query(&self, sql: String, parameters: Vec<Value>) -> Result<Vec<Row>> {
        Ok(self.query_within(sql, parameters, usize::MAX).await?.0)
    }

    /// The same for as many rows as have so many bytes together and for one at least; and whether there are more. Asks once
    /// more on another connection where the first was lost.
    pub(crate) async fn query_within(
        &self,
        sql: String,
        parameters: Vec<Value>,
        bytes: usize,
    ) -> Result<(Vec<Row>, bool)> {
        if let Some(hold) = self.search.clone() {
            // What a search reads is bounded in items.
            return Ok((self.searches.query(hold, sql, parameters).await?, false));
        }
        let attempt = || self.query_once(&sql, &parameters, bytes);
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

    async fn query_once(
        &self,
        sql: &str,
        parameters: &[Value],
        bytes: usize,
    ) -> std::result::Result<(Vec<Row>, bool), Attempt> {
        let client = self.pool.get().await.map_err(|error| Attempt::Failed(Error::Unavailable(error.to_string())))?;
        let run = async {
            let statement = if parameters.len() > KEPT_PARAMETERS_MAX {
                client.prepare(sql).await?
            } else {
                client.prepare_cached(sql).await?
            };
            rows_within(&client, &statement, parameters, bytes).await
        };
        match run.await {
            Ok((rows, cut)) => {
                let rows = rows.iter().map(values::row).collect::<Result<_>>().map_err(Attempt::Failed)?;
                Ok((rows, cut))
            }
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

/// The first rows that have so many bytes together, and one at least; the rest is not kept.
async fn rows_within(
    client: &tokio_postgres::Client,
    statement: &tokio_postgres::Statement,
    parameters: &[Value],
    bytes: usize,
) -> std::result::Result<(Vec<tokio_postgres::Row>, bool), tokio_postgres::Error> {
    let parameters = parameters.iter().map(|value| value as &(dyn ToSql + Sync));
    let rows = client.query_raw(statement, parameters).await?;
    tokio::pin!(rows);
    let (mut found, mut read) = (Vec::new(), 0_usize);
    while let Some(row) = rows.try_next().await? {
        read = read.saturating_add(row.raw_size_bytes());
        if read > bytes && !found.is_empty() {
            return Ok((found, true));
        }
        found.push(row);
    }
    Ok((found, false))
}

/// How one attempt to read went wrong.
enum Attempt {
    /// With its connection: another may do better.
    Lost(Error),
    /// For good.
    Failed(Error),
}
