//! The queue before a committer: the same for both databases.

use tokio::sync::{mpsc, oneshot};

use crate::change::{Change, Committed};
use crate::rows::Group;
use crate::value::Value;
use crate::{Error, Result};

/// A change that waits, and who waits for it.
pub(crate) struct Waiting {
    pub(crate) change: Change,
    pub(crate) answer: oneshot::Sender<Result<Committed>>,
}

impl Waiting {
    /// Answers; who no longer waits has hung up, and the change stands all the same.
    pub(crate) fn answer(self, outcome: Result<Committed>) {
        drop(self.answer.send(outcome));
    }
}

/// Hands a group's answers over to its waiters from inside their own runtime: woken one by one from a foreign thread, each
/// would cost the committer a call into the kernel.
pub(crate) struct Answers(Option<mpsc::UnboundedSender<Vec<Answered>>>);

/// An answer on its way; as many as were let into the queue.
type Answered = (oneshot::Sender<Result<Committed>>, Result<Committed>);

impl Answers {
    /// Answers through the current runtime, where there is one.
    pub(crate) fn new() -> Self {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return Self(None) };
        let (sender, mut groups) = mpsc::unbounded_channel();
        runtime.spawn(async move {
            while let Some(group) = groups.recv().await {
                hand_over(group);
            }
        });
        Self(Some(sender))
    }

    pub(crate) fn send(&self, group: Vec<Answered>) {
        match &self.0 {
            Some(sender) => sender.send(group).unwrap_or_else(|rest| hand_over(rest.0)),
            None => hand_over(group),
        }
    }
}

fn hand_over(group: Vec<Answered>) {
    for (waiter, outcome) in group {
        // Who no longer waits has hung up; the change is durable all the same.
        drop(waiter.send(outcome));
    }
}

/// What a committer takes from its queue.
pub(crate) enum Item {
    Change(Box<Waiting>),
    Statement((&'static str, Vec<Value>), oneshot::Sender<Result<()>>),
    Rows(Vec<Group>, oneshot::Sender<Result<()>>),
    Close(oneshot::Sender<()>),
}

/// The end of the queue that changes are put into.
#[derive(Clone)]
pub(crate) struct Queue {
    sender: mpsc::Sender<Item>,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> (Self, mpsc::Receiver<Item>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self { sender }, receiver)
    }

    pub(crate) async fn commit(&self, change: Change) -> Result<Committed> {
        let (answer, committed) = oneshot::channel();
        self.sender.try_send(Item::Change(Box::new(Waiting { change, answer }))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        outcome(committed).await
    }

    pub(crate) async fn commit_all(&self, changes: Vec<Change>) -> Vec<Result<Committed>> {
        let mut waiting = Vec::with_capacity(changes.len());
        for change in changes {
            let (answer, committed) = oneshot::channel();
            let sent = self.sender.send(Item::Change(Box::new(Waiting { change, answer }))).await;
            waiting.push(sent.map(|()| committed).map_err(|_| closed()));
        }
        let mut outcomes = Vec::with_capacity(waiting.len());
        for committed in waiting {
            outcomes.push(match committed {
                Ok(committed) => outcome(committed).await,
                Err(error) => Err(error),
            });
        }
        outcomes
    }

    /// Runs one statement by itself, behind whatever waits.
    pub(crate) async fn execute(&self, sql: &'static str, parameters: Vec<Value>) -> Result<()> {
        let (answer, done) = oneshot::channel();
        self.sender.send(Item::Statement((sql, parameters), answer)).await.map_err(|_| closed())?;
        done.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Writes rows in one transaction of their own, behind whatever waits.
    pub(crate) async fn rows(&self, groups: Vec<Group>) -> Result<()> {
        let (answer, done) = oneshot::channel();
        self.sender.send(Item::Rows(groups, answer)).await.map_err(|_| closed())?;
        done.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Closes the queue when everything before is done.
    pub(crate) async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.sender.send(Item::Close(closed)).await.is_ok() {
            drop(done.await);
        }
    }

    pub(crate) fn depth(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }
}

async fn outcome(committed: oneshot::Receiver<Result<Committed>>) -> Result<Committed> {
    committed.await.unwrap_or_else(|_| Err(stopped()))
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".to_owned())
}

fn stopped() -> Error {
    Error::Unknown("the committer stopped".to_owned())
}
