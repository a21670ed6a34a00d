//! The queries of searches: on connections of their own, bounded in time by the database itself, and cancelled in it when
//! nobody waits for them any more.

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::sync::oneshot;
use tokio_postgres::types::ToSql;

use super::tls::Tls;
use super::{connect, values};
use crate::search::Hold;
use crate::value::{Row, Value};
use crate::{Error, Result};

/// What the database adds to the time of a search before it ends a query by itself: who asks gives up first.
const MARGIN: Duration = Duration::from_millis(250);

/// The connections for searches.
#[derive(Clone)]
pub(super) struct Searches {
    pub(super) pool: Pool,
    pub(super) tls: Tls,
    /// How long one query may take.
    pub(super) time: Duration,
}

impl Searches {
    /// Runs one query. Dropped, it cancels the query; its connection is idle again when the database has ended it.
    pub(super) async fn query(&self, hold: Hold, sql: String, parameters: Vec<Value>) -> Result<Vec<Row>> {
        let client = self.pool.get().await.map_err(|error| Error::Unavailable(error.to_string()))?;
        let (answer, done) = oneshot::channel();
        let query = Query { client, sql, parameters, time: self.time + MARGIN };
        connect::spawn(query.answer(self.tls.clone(), answer, hold));
        done.await.unwrap_or_else(|_| Err(Error::Unavailable("the search was ended".to_owned())))
    }
}

/// One query and the connection that it has for itself.
struct Query {
    client: deadpool_postgres::Object,
    sql: String,
    parameters: Vec<Value>,
    time: Duration,
}

impl Query {
    async fn answer(mut self, tls: Tls, mut answer: oneshot::Sender<Result<Vec<Row>>>, hold: Hold) {
        let cancel = self.client.cancel_token();
        let rows = {
            let rows = self.rows();
            tokio::pin!(rows);
            tokio::select! {
                rows = &mut rows => Some(rows),
                () = answer.closed() => {
                    // Where it cannot be cancelled the database ends it by itself, a little later.
                    let _ = cancel.cancel_query(tls).await;
                    let _ = rows.await;
                    None
                }
            }
        };
        drop((self, hold));
        if let Some(rows) = rows {
            let _ = answer.send(rows);
        }
    }

    /// The bound holds for the transaction only: behind a pooler the session is not ours.
    async fn rows(&mut self) -> Result<Vec<Row>> {
        let transaction = self.client.transaction().await?;
        transaction.batch_execute(&format!("SET LOCAL statement_timeout = {}", self.time.as_millis())).await?;
        let parameters: Vec<&(dyn ToSql + Sync)> = self.parameters.iter().map(|value| value as _).collect();
        let rows = transaction.query(&self.sql, &parameters).await?;
        transaction.commit().await?;
        rows.iter().map(values::row).collect()
    }
}
