//! The committer: gathers what waits and makes it durable with one transaction of two round trips. The first takes the locks of
//! the heads and asks every question, the second writes every row and commits.
//!
//! The head's row lock makes each tenant's transactions one after the other, whoever runs them, so positions are dense and a
//! reader that has seen one has seen all before it.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use domain::TenantId;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_postgres::error::{Severity, SqlState};

use super::connect::{Connector, PostgresOptions, spawn};
use super::group::{Asking, Groups, Next};
use super::pipeline::{Pipeline, Prepared};
use super::probe::probe;
use super::values;
use super::writes::{boxed, statements};
use crate::queue::Item;
use crate::rows::{Batch, Group, Head};
use crate::value::{Row, Value};
use crate::{Error, Result};

pub(super) const HEADS: &str = "SELECT id, seq, hash, version FROM tenants WHERE id = ANY($1) ORDER BY id FOR UPDATE";
/// How often a change is tried again that surely was not done.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

/// The classes of errors that say something against a row: data exception, integrity constraint violation, program limit exceeded.
const REFUSES: [&str; 3] = ["22", "23", "54"];

/// Starts the committer; it ends when the queue is closed and empty.
pub(super) fn start(connector: Connector, queue: mpsc::Receiver<Item>, options: &PostgresOptions) {
    let committer =
        Committer { connector, connection: None, timeout_after: options.timeout_after, resolve: options.resolve };
    spawn(committer.run(Groups::new(queue, options.batch)));
}

struct Committer {
    connector: Connector,
    connection: Option<Prepared>,
    timeout_after: Duration,
    resolve: Duration,
}

/// A transaction that is ready to be written; what each of its changes comes to is remembered with it.
struct Planned {
    /// Where each log ended before.
    begun: BTreeMap<TenantId, i64>,
    batch: Batch,
}

/// Why a transaction was not done, or perhaps not.
pub(super) enum Failure {
    /// The database refuses a row. Not done.
    Row(Error),
    /// The connection, or the server for now. Not done.
    Transient(Error),
    /// Trying again is no use, or not safe.
    Final(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(_) => Self::Transient(error),
            other => Self::Final(other),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let is_row = error.code().is_some_and(|code| REFUSES.iter().any(|class| code.code().starts_with(class)));
        if is_row { Self::Row(Error::Rejected(full(&error))) } else { Self::Transient(error.into()) }
    }
}

impl Committer {
    async fn run(mut self, mut groups: Groups) {
        loop {
            match groups.next().await {
                Next::Group(group) if group.is_empty() => {}
                Next::Group(group) => {
                    let away = self.commit(group).await;
                    // Those who waited behind it first: who is answered may ask again at once, and that is to be tried.
                    if let Some((_, error)) = away.first() {
                        groups.refuse(&error.to_string());
                    }
                    for (part, error) in away {
                        refuse(part, &error);
                    }
                }
                Next::Statement((sql, parameters), done) => drop(done.send(self.execute(sql, parameters).await)),
                Next::Rows(groups, done) => drop(done.send(self.rows(groups).await)),
                Next::Closed(closed) => {
                    drop(self);
                    // Whoever asked and hung up is not told.
                    return closed.into_iter().filter_map(|closed| closed.send(()).err()).collect();
                }
            }
        }
    }

    /// Commits a group; hands back what is still to be refused because the database is away. Where the database refuses a row,
    /// the changes that bring such rows are found and refused, and the others are committed: three transactions in all. Changes
    /// that are refused together and not alone are halved until they are alone.
    async fn commit(&mut self, group: Vec<Asking>) -> Vec<(Vec<Asking>, Error)> {
        let mut away = Vec::new();
        let mut parts = vec![(group, false)];
        while let Some((mut part, probed)) = parts.pop() {
            match self.transaction(&mut part).await {
                Ok(()) => part.into_iter().for_each(|(waiting, _)| waiting.answer()),
                Err(Failure::Row(error)) if part.len() == 1 => refuse(part, &error),
                Err(Failure::Row(_)) if probed => {
                    let rest = part.split_off(part.len() / 2);
                    parts.extend([(rest, true), (part, true)]);
                }
                Err(Failure::Row(_)) => match self.probe(&mut part).await {
                    Ok(refused) => {
                        parts.extend(Some((taken_out(part, refused), true)).filter(|(rest, _)| !rest.is_empty()));
                    }
                    Err(error) => away.push((part, error)),
                },
                Err(Failure::Final(error)) if !is_away(&error) => refuse(part, &error),
                Err(Failure::Transient(error) | Failure::Final(error)) => away.push((part, error)),
            }
        }
        away
    }

    /// What the database has against each change of a group, see [`probe`](super::probe).
    async fn probe(&mut self, group: &mut [Asking]) -> Result<Vec<Option<Error>>> {
        let timeout_after = self.timeout_after;
        let run = async { probe(self.connected().await?, group).await };
        let late = || Failure::Transient(Error::Unavailable(format!("no answer in {} s", timeout_after.as_secs_f32())));
        let probed = timeout(timeout_after, run).await.unwrap_or_else(|_| Err(late()));
        probed.map_err(|failure| {
            self.connection = None;
            let (Failure::Row(error) | Failure::Transient(error) | Failure::Final(error)) = failure;
            error
        })
    }

    /// Tries a group until it is done, surely cannot be done, or was tried often or long enough.
    async fn transaction(&mut self, group: &mut [Asking]) -> std::result::Result<(), Failure> {
        let (mut tries, until) = (0, Instant::now() + self.timeout_after);
        loop {
            match self.attempt(group, until).await {
                Err(Failure::Transient(error)) if tries + 1 < TRIES && Instant::now() < until => {
                    tries += 1;
                    tracing::debug!(%error, tries, "a commit is tried again");
                    sleep(PAUSE * tries).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// One transaction, whose questions are answered before `until`.
    async fn attempt(&mut self, group: &mut [Asking], until: Instant) -> std::result::Result<(), Failure> {
        let timeout_after = self.timeout_after;
        let asked = timeout_at(until, self.ask(group)).await;
        let planned = asked.unwrap_or_else(|_| {
            Err(Failure::Transient(Error::Unavailable(format!(
                "no lock or answer in {} s",
                timeout_after.as_secs_f32()
            ))))
        });
        let Planned { begun, mut batch } = match planned {
            Ok(planned) => planned,
            Err(failure) => {
                self.leave(&failure).await;
                return Err(failure);
            }
        };
        if !batch.finish() {
            self.rollback().await;
            return Ok(());
        }
        let writes = batch.take_writes();
        let why = match timeout(timeout_after, self.write(writes)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) if is_rolled_back(&error) => {
                let failure = error.into();
                self.leave(&failure).await;
                return Err(failure);
            }
            Ok(Err(error)) => full(&error),
            Err(_) => "no answer to the commit".to_owned(),
        };
        self.look(&begun, &batch, &why).await
    }

    async fn connected(&mut self) -> Result<&mut Prepared> {
        if self.connection.as_ref().is_none_or(|connection| connection.client.is_closed()) {
            self.connection = Some(Prepared::new(self.connector.connect().await?));
        }
        self.connection.as_mut().ok_or_else(|| Error::Unavailable("not connected".to_owned()))
    }

    /// The first round trip: begins, locks the heads, asks every question; then decides.
    async fn ask(&mut self, group: &mut [Asking]) -> std::result::Result<Planned, Failure> {
        let connection = self.connected().await?;
        let heads = connection.statement(HEADS).await?;
        let mut questions = Vec::with_capacity(group.len());
        for (waiting, more) in &mut *group {
            questions.push(match waiting.query(*more) {
                Some((sql, parameters)) => Some((connection.statement(&sql).await?, parameters)),
                None => None,
            });
        }
        let tenants: HashSet<i64> = group.iter().map(|(waiting, _)| waiting.tenant().0).collect();
        let mut pipeline = Pipeline::new(&connection.client);
        pipeline.text("BEGIN");
        pipeline.statement(heads, vec![Box::new(Vec::from_iter(tenants))]);
        let asked: Vec<bool> = questions.iter().map(Option::is_some).collect();
        for (statement, parameters) in questions.into_iter().flatten() {
            pipeline.statement(statement, boxed(parameters));
        }
        let mut answers = pipeline.run().await?.into_iter().skip(1);
        let mut batch = Batch::asked_first();
        batch.heads = Head::all(answers.next().unwrap_or_default().iter().map(values::row))?;
        let begun = batch.heads.iter().map(|(tenant, head)| (*tenant, head.seq)).collect();
        for ((waiting, _), asked) in group.iter_mut().zip(asked) {
            let rows = if asked { answers.next().unwrap_or_default() } else { Vec::new() };
            let rows = rows.iter().map(values::row).collect::<Result<Vec<Row>>>()?;
            waiting.decide(rows, &mut batch, true);
        }
        Ok(Planned { begun, batch })
    }

    /// The second round trip: writes every row and commits.
    async fn write(&mut self, writes: Vec<Group>) -> std::result::Result<(), tokio_postgres::Error> {
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        let sent = statements(connection, writes).await?;
        let mut pipeline = Pipeline::new(&connection.client);
        for (statement, parameters) in sent {
            pipeline.statement(statement, parameters);
        }
        pipeline.text("COMMIT");
        pipeline.run().await.map(drop)
    }

    /// Writes rows as they are, in one transaction.
    async fn rows(&mut self, groups: Vec<Group>) -> Result<()> {
        let timeout_after = self.timeout_after;
        let run = async {
            self.connected().await?.client.batch_execute("BEGIN").await?;
            self.write(groups)
                .await
                .map_err(|error| if is_rolled_back(&error) { error.into() } else { Error::Unknown(full(&error)) })
        };
        let outcome = timeout(timeout_after, run).await.unwrap_or_else(|_| Err(Error::Unknown("no answer".to_owned())));
        outcome.inspect_err(|_| self.connection = None)
    }

    /// Ends a transaction that failed; the connection is as good as before where the database only refused a row.
    async fn leave(&mut self, failure: &Failure) {
        match failure {
            Failure::Row(_) => self.rollback().await,
            Failure::Transient(_) | Failure::Final(_) => self.connection = None,
        }
    }

    async fn rollback(&mut self) {
        let Some(connection) = &self.connection else { return };
        if !matches!(timeout(self.timeout_after, connection.client.batch_execute("ROLLBACK")).await, Ok(Ok(()))) {
            self.connection = None;
        }
    }

    /// Looks whether a transaction was done whose commit was not answered: its last event stands where it was put, or it does
    /// not. The head's lock is taken first, so that a transaction that is still in the works has ended.
    async fn look(
        &mut self,
        begun: &BTreeMap<TenantId, i64>,
        batch: &Batch,
        why: &str,
    ) -> std::result::Result<(), Failure> {
        self.connection = None;
        let not_done = || Failure::Transient(Error::Unavailable(format!("the commit was not done: {why}")));
        // Without an event it has moved cursors or forgotten keys at most, which is done again by itself.
        let last = batch.heads.iter().find(|(tenant, head)| begun.get(tenant).is_none_or(|seq| head.seq > *seq));
        let Some((tenant, head)) = last else { return Err(not_done()) };
        tracing::warn!(why, "a commit was not answered; looking whether it was done");
        let until = Instant::now() + self.resolve;
        loop {
            match timeout_at(until, self.stands(*tenant, head)).await {
                Ok(Ok(true)) => return Ok(()),
                Ok(Ok(false)) => return Err(not_done()),
                Ok(Err(error)) => tracing::debug!(%error, "cannot look yet"),
                Err(_) => {
                    self.connection = None;
                    return Err(Failure::Final(Error::Unknown(why.to_owned())));
                }
            }
            self.connection = None;
            sleep(PAUSE).await;
        }
    }

    async fn stands(&mut self, tenant: TenantId, head: &Head) -> Result<bool> {
        let client = &self.connected().await?.client;
        client.batch_execute("BEGIN").await?;
        client.query(HEADS, &[&vec![tenant.0]]).await?;
        let sql = "SELECT e.hash FROM events e WHERE e.tenant = $1 AND e.seq = $2";
        let found = client.query_opt(sql, &[&tenant.0, &head.seq]).await?;
        client.batch_execute("ROLLBACK").await?;
        let hash: Option<Vec<u8>> = found.map(|row| row.try_get(0)).transpose()?;
        Ok(hash.is_some_and(|hash| hash == head.hash.0))
    }

    async fn execute(&mut self, sql: &'static str, parameters: Vec<Value>) -> Result<()> {
        let timeout_after = self.timeout_after;
        let run = async {
            let connection = self.connected().await?;
            let statement = connection.statement(sql).await?;
            let mut pipeline = Pipeline::new(&connection.client);
            pipeline.statement(statement, boxed(parameters));
            pipeline.run().await?;
            Ok(())
        };
        timeout(timeout_after, run).await.unwrap_or_else(|_| Err(Error::Unknown("no answer".to_owned())))
    }
}

/// Whether a commit that failed with this surely was not done: a server that answers with an error has rolled it back. One that
/// ends the connection with its last word has perhaps committed before, and a pooler says so of a server that it lost.
fn is_rolled_back(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|error| match error.parsed_severity() {
        Some(severity) => severity == Severity::Error,
        None => error.severity() == "ERROR",
    })
}

/// Whether an error says that the database cannot be used now.
fn is_away(error: &Error) -> bool {
    matches!(error, Error::Unavailable(_) | Error::Unknown(_))
}

/// Answers the changes of a group that were found to be refused, and hands back the others.
fn taken_out(group: Vec<Asking>, refused: Vec<Option<Error>>) -> Vec<Asking> {
    let mut rest = Vec::with_capacity(group.len());
    for (asking, refused) in group.into_iter().zip(refused) {
        match refused {
            Some(error) => refuse(vec![asking], &error),
            None => rest.push(asking),
        }
    }
    rest
}

fn refuse(part: Vec<Asking>, error: &Error) {
    tracing::warn!(%error, changes = part.len(), "a commit failed");
    for (mut waiting, _) in part {
        waiting.fail(error.again());
        waiting.answer();
    }
}

/// What a pooler that keeps no prepared statements answers to whoever uses them.
const UNPREPARED: [&SqlState; 2] = [&SqlState::INVALID_SQL_STATEMENT_NAME, &SqlState::DUPLICATE_PSTATEMENT];

/// What a database answers that was never migrated, or by an older program.
const UNMIGRATED: [&SqlState; 2] = [&SqlState::UNDEFINED_TABLE, &SqlState::UNDEFINED_COLUMN];

/// An error and its causes: the driver's own text says little. What its user can do about it follows.
pub(crate) fn full(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    let is_any_of = |codes: &[&SqlState]| error.code().is_some_and(|code| codes.contains(&code));
    if is_any_of(&UNPREPARED) {
        text.push_str("; the pooler keeps no prepared statements: PgBouncer does from 1.21 on, with max_prepared_statements above 0");
    }
    if is_any_of(&UNMIGRATED) {
        text.push_str("; its schema is older than this program: run `coord migrate`");
    }
    text
}
