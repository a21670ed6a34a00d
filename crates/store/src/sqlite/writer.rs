//! The writer: gathers what waits and makes it durable with one transaction. Alone, a change waits for nobody; under load, a
//! group forms by itself while the group before it is flushed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::TenantId;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::mark::Keeper;
use super::readers;
use crate::command::Pending;
use crate::queue::{Answers, Item};
use crate::rows::{Batch, Group, Head};
use crate::statements::PARTS;
use crate::value::Row;
use crate::{Error, Result};

/// Starts the writer's thread.
pub(super) fn start(connection: Connection, queue: mpsc::Receiver<Item>, batch: usize, mark: Keeper) -> Result<()> {
    let writer = Writer { connection, mark, heads: BTreeMap::new(), answers: Answers::new(), closed: None };
    let run = move || writer.run(queue, batch);
    let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(run);
    thread.map(drop).map_err(|error| Error::Unavailable(error.to_string()))
}

struct Writer {
    connection: Connection,
    mark: Keeper,
    /// Heads as they stand on the disk: nobody else writes, so they need not be read again.
    heads: BTreeMap<TenantId, Head>,
    answers: Answers,
    closed: Option<oneshot::Sender<()>>,
}

impl Writer {
    /// Serves the queue until it is told to close or nobody is left to ask.
    fn run(mut self, mut queue: mpsc::Receiver<Item>, batch: usize) {
        let mut items = Vec::with_capacity(batch);
        while queue.blocking_recv_many(&mut items, batch) > 0 {
            let mut group = Vec::with_capacity(items.len());
            for item in items.drain(..) {
                self.take(item, &mut group, &mut queue);
            }
            self.commit(group);
        }
        self.fold();
        self.mark.finish();
    }

    /// Brings the write-ahead log into the database, so that its one file is all of it. Readers that are idle do not hinder
    /// this; one that reads is waited for, up to the connection's busy timeout.
    fn fold(&self) {
        let folded = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        match folded {
            Ok(0) => {}
            Ok(_) => tracing::warn!("somebody reads: the newest changes stay in coordination.db-wal"),
            Err(error) => tracing::warn!(%error, "the newest changes stay in coordination.db-wal"),
        }
    }

    /// Lets a change join the group; everything else is done here, behind the group so far.
    fn take(&mut self, item: Item, group: &mut Vec<Box<dyn Pending>>, queue: &mut mpsc::Receiver<Item>) {
        match item {
            Item::Change(waiting) => group.push(waiting),
            Item::Statement((sql, row), done) => {
                self.commit(std::mem::take(group));
                drop(done.send(readers::execute(&self.connection, sql, &row)));
            }
            Item::Rows(groups, done) => {
                self.commit(std::mem::take(group));
                drop(done.send(self.rows(groups)));
            }
            Item::Close(closed) => {
                queue.close();
                // Dropped, and so answered, when the writer has ended.
                self.closed = Some(closed);
            }
        }
    }

    /// Writes rows as they are, in one transaction.
    fn rows(&mut self, groups: Vec<Group>) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        apply(&transaction, groups)?;
        transaction.commit().map_err(uncertain)?;
        // They may hold a head that was known otherwise.
        self.heads.clear();
        Ok(())
    }

    fn commit(&mut self, mut group: Vec<Box<dyn Pending>>) {
        if group.is_empty() {
            return;
        }
        if let Err(error) = self.transaction(&mut group) {
            tracing::error!(%error, changes = group.len(), "a commit failed");
            // What stands on the disk is read again; what was planned is forgotten.
            self.heads.clear();
            for waiting in &mut group {
                waiting.fail(error.again());
            }
        }
        self.answers.send(group);
    }

    /// Decides each change and commits the rows of all of them; a change that is refused leaves none.
    fn transaction(&mut self, group: &mut [Box<dyn Pending>]) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut batch = Batch::default();
        for waiting in group {
            decide(&transaction, &self.heads, waiting.as_mut(), &mut batch)?;
        }
        if !batch.finish() {
            return Ok(());
        }
        apply(&transaction, batch.take_writes())?;
        transaction.commit().map_err(uncertain)?;
        self.heads.append(&mut batch.heads);
        Ok(())
    }
}

/// Decides one change, after the rows of those before it that it may have to see are written.
///
/// What the rules or a row say against it is its own affair. What the database says against reading or writing ends the whole
/// group: SQLite may have rolled it back.
fn decide(
    connection: &Connection,
    heads: &BTreeMap<TenantId, Head>,
    waiting: &mut dyn Pending,
    batch: &mut Batch,
) -> Result<()> {
    let tenant = waiting.tenant();
    if let Entry::Vacant(place) = batch.heads.entry(tenant) {
        let known = heads.get(&tenant).cloned();
        if let Some(head) = known.map_or_else(|| head(connection, tenant), |head| Ok(Some(head)))? {
            place.insert(head);
        }
    }
    let rows = match waiting.query(0) {
        Some((sql, parameters)) => {
            apply(connection, batch.take_writes())?;
            readers::query(connection, &sql, &parameters)?
        }
        None => Vec::new(),
    };
    waiting.decide(rows, batch, false);
    Ok(())
}

fn head(connection: &Connection, tenant: TenantId) -> Result<Option<Head>> {
    let rows = readers::query(connection, "SELECT seq, hash, version FROM tenants WHERE id = $1", &[tenant.0.into()])?;
    let read = |mut row: Row| Ok(Head { seq: row.int(0)?, hash: row.digest(1)?, version: row.int(2)? });
    rows.into_iter().next().map(read).transpose()
}

fn apply(connection: &Connection, writes: Vec<Group>) -> Result<()> {
    for (statement, rows) in writes {
        let mut rest = rows.as_slice();
        for (index, part) in PARTS.into_iter().enumerate().filter(|(_, part)| *part <= rows.len()) {
            let Some(sql) = statement.repeated(index) else { break };
            let mut repeated = connection.prepare_cached(sql)?;
            while let Some((rows, after)) = rest.split_at_checked(part) {
                repeated.execute(rusqlite::params_from_iter(rows.iter().flatten()))?;
                rest = after;
            }
        }
        let mut single = connection.prepare_cached(statement.sql)?;
        for row in rest {
            single.execute(rusqlite::params_from_iter(row))?;
        }
    }
    Ok(())
}

fn uncertain(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::SystemIoFailure) => Error::Unknown(error.to_string()),
        _ => error.into(),
    }
}
