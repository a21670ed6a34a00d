//! A change that waits, whatever its command: all that the queue and the drivers know of it.

use domain::{Refusal, TenantId, Time};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Change, Command, Committed, Context, Plan, Query, Sharing};
use crate::rows::Batch;
use crate::value::Row;
use crate::{Error, Result};

/// A change that waits, and who waits for it. Decided, then answered.
pub(crate) trait Pending: Send {
    /// Whose data it changes.
    fn tenant(&self) -> TenantId;

    /// How it shares a transaction with others.
    fn sharing(&self) -> Sharing<'_>;

    /// Its question, if it has one; it asks for so many `more` rows as those before it take first.
    fn query(&self, more: usize) -> Option<Query>;

    /// Decides it by the rows that answer its question, adds its rows to the batch and remembers what it comes to. Where it may
    /// be decided `again`, it keeps a copy of its command for that.
    fn decide(&mut self, rows: Vec<Row>, batch: &mut Batch, again: bool);

    /// Remembers that it failed.
    fn fail(&mut self, error: Error);

    /// Answers what is remembered. Who no longer waits has hung up, and the change stands all the same.
    fn answer(self: Box<Self>);
}

/// A change in the queue.
pub(crate) struct Waiting<C: Command> {
    tenant: TenantId,
    now: Time,
    version: Option<i64>,
    /// None once it is decided for good.
    command: Option<C>,
    outcome: Option<Result<Committed<C::Outcome>>>,
    answer: oneshot::Sender<Result<Committed<C::Outcome>>>,
    /// Its share of the bytes that may wait, until it is decided for good or answered.
    share: Option<OwnedSemaphorePermit>,
}

/// Where whoever handed a command over hears what it came to.
type Answered<C> = oneshot::Receiver<Result<Committed<<C as Command>::Outcome>>>;

impl<C: Command> Waiting<C> {
    pub(crate) fn new(change: Change<C>, share: OwnedSemaphorePermit) -> (Box<Self>, Answered<C>) {
        let Change { tenant, now, version, command } = change;
        let (answer, committed) = oneshot::channel();
        let waiting = Self { tenant, now, version, command: Some(command), outcome: None, answer, share: Some(share) };
        (Box::new(waiting), committed)
    }

    fn outcome(&self, command: C, rows: Vec<Row>, batch: &mut Batch) -> Result<Committed<C::Outcome>> {
        let Some(version) = batch.heads.get(&self.tenant).map(|head| head.version) else {
            return Err(Refusal::not_found("tenant", &self.tenant.0).into());
        };
        let mut loaded = command.load(rows)?;
        if self.version.is_some_and(|decided_on| decided_on != version) {
            return Err(Error::Conflict);
        }
        let mut plan = Plan::new(self.tenant, self.now, batch);
        command.overlay(&mut loaded, &plan);
        let outcome = command.plan(loaded, &mut plan)?;
        Ok(Committed { outcome, notify: plan.notify })
    }
}

impl<C: Command> Pending for Waiting<C> {
    fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn sharing(&self) -> Sharing<'_> {
        self.command.as_ref().map_or(Sharing::Free, Command::sharing)
    }

    fn query(&self, more: usize) -> Option<Query> {
        self.command.as_ref()?.query(&Context { tenant: self.tenant, now: self.now, more })
    }

    fn decide(&mut self, rows: Vec<Row>, batch: &mut Batch, again: bool) {
        let command = if again { self.command.clone() } else { self.command.take() };
        if !again {
            self.share = None;
        }
        if let Some(command) = command {
            self.outcome = Some(self.outcome(command, rows, batch));
        }
    }

    fn fail(&mut self, error: Error) {
        self.outcome = Some(Err(error));
    }

    fn answer(self: Box<Self>) {
        let (answer, outcome) = (self.answer, self.outcome);
        if let Some(outcome) = outcome {
            drop(answer.send(outcome));
        }
    }
}
