//! Pipelines: statements that are sent together and answered together, one round trip for all.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

/// Statements that stay prepared. How rows are written depends on which of their columns are alike, so there are many texts,
/// of which few are in use.
const KEPT_MAX: usize = 256;

/// Statements of one connection, prepared once.
pub(super) struct Prepared {
    pub(super) client: Client,
    statements: HashMap<String, Statement>,
}

impl Prepared {
    pub(super) fn new(client: Client) -> Self {
        Self { client, statements: HashMap::new() }
    }

    /// The statement of this text.
    pub(super) async fn statement(&mut self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= KEPT_MAX {
            self.statements.clear();
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

type Sent<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Statements to be sent together, in their order.
pub(super) struct Pipeline<'a> {
    client: &'a Client,
    sent: Vec<Sent<'a, Vec<tokio_postgres::Row>>>,
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, sent: Vec::new() }
    }

    /// Adds a text without parameters.
    pub(super) fn text(&mut self, sql: &'a str) {
        let client = self.client;
        self.sent.push(Box::pin(async move { client.batch_execute(sql).await.map(|()| Vec::new()) }));
    }

    /// Adds a prepared statement.
    pub(super) fn statement(&mut self, statement: Statement, parameters: Vec<Box<dyn ToSql + Sync + Send + 'a>>) {
        let client = self.client;
        self.sent.push(Box::pin(async move {
            let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| &**value as _).collect();
            client.query(&statement, &parameters).await
        }));
    }

    /// Sends everything before it waits for anything; answers in the same order, or with the first error.
    pub(super) async fn run(self) -> Result<Vec<Vec<tokio_postgres::Row>>, Error> {
        self.each().await.into_iter().collect()
    }

    /// The same, with the answer or the error of each.
    pub(super) async fn each(mut self) -> Vec<Result<Vec<tokio_postgres::Row>, Error>> {
        let mut answers: Vec<Option<Result<_, Error>>> = self.sent.iter().map(|_| None).collect();
        poll_fn(|context| {
            let mut waiting = false;
            // Polled in order, and sent when first polled: so they reach the server in order.
            for (sent, answer) in self.sent.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
                match sent.as_mut().poll(context) {
                    Poll::Ready(outcome) => *answer = Some(outcome),
                    Poll::Pending => waiting = true,
                }
            }
            if waiting { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        answers.into_iter().flatten().collect()
    }
}
