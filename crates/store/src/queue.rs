//! The queue before a committer: the same for both databases.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::command::{Change, Command, Committed, Pending, Waiting};
use crate::rows::Group;
use crate::value::Value;
use crate::{Error, Result};

/// Hands a group's answers over to its waiters from inside their own runtime: woken one by one from a foreign thread, each
/// would cost the committer a call into the kernel.
pub(crate) struct Answers(Option<mpsc::UnboundedSender<Vec<Box<dyn Pending>>>>);

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

    /// Answers changes that were decided.
    pub(crate) fn send(&self, group: Vec<Box<dyn Pending>>) {
        match &self.0 {
            Some(sender) => sender.send(group).unwrap_or_else(|rest| hand_over(rest.0)),
            None => hand_over(group),
        }
    }
}

fn hand_over(group: Vec<Box<dyn Pending>>) {
    for waiting in group {
        waiting.answer();
    }
}

/// What a committer takes from its queue.
pub(crate) enum Item {
    Change(Box<dyn Pending>),
    Statement((&'static str, Vec<Value>), oneshot::Sender<Result<()>>),
    Rows(Vec<Group>, oneshot::Sender<Result<()>>),
    Close(oneshot::Sender<()>),
}

/// The end of the queue that changes are put into.
#[derive(Clone)]
pub(crate) struct Queue {
    sender: mpsc::Sender<Item>,
    /// The bytes that may still be put in.
    room: Arc<Semaphore>,
    bytes: u32,
}

impl Queue {
    /// A queue in which so many changes may wait, of so many bytes together; a single one may be larger.
    pub(crate) fn new(capacity: usize, bytes: u32) -> (Self, mpsc::Receiver<Item>) {
        let (sender, receiver) = mpsc::channel(capacity);
        let room = Arc::new(Semaphore::new(bytes as usize));
        (Self { sender, room, bytes }, receiver)
    }

    /// How much of the room a change takes.
    fn share(&self, change: &Change<impl Command>) -> u32 {
        u32::try_from(change.bytes()).unwrap_or(u32::MAX).min(self.bytes)
    }

    pub(crate) async fn commit<C: Command>(&self, change: Change<C>) -> Result<Committed<C::Outcome>> {
        let room = Arc::clone(&self.room);
        let share = room.try_acquire_many_owned(self.share(&change)).map_err(|_| Error::Overloaded)?;
        let (waiting, committed) = Waiting::new(change, share);
        self.sender.try_send(Item::Change(waiting)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        Submitted(committed).committed().await
    }

    pub(crate) async fn commit_all<C: Command>(&self, changes: Vec<Change<C>>) -> Vec<Result<Committed<C::Outcome>>> {
        let mut submitted = Vec::with_capacity(changes.len());
        for change in changes {
            submitted.push(self.submit(change).await);
        }
        let mut outcomes = Vec::with_capacity(submitted.len());
        for submitted in submitted {
            outcomes.push(match submitted {
                Ok(submitted) => submitted.committed().await,
                Err(error) => Err(error),
            });
        }
        outcomes
    }

    /// Puts a change in as soon as there is room.
    pub(crate) async fn submit<C: Command>(&self, change: Change<C>) -> Result<Submitted<C::Outcome>> {
        let room = Arc::clone(&self.room);
        let share = room.acquire_many_owned(self.share(&change)).await.map_err(|_| closed())?;
        let (waiting, committed) = Waiting::new(change, share);
        self.sender.send(Item::Change(waiting)).await.map_err(|_| closed())?;
        Ok(Submitted(committed))
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

/// A change in the queue, for whoever waits for it.
#[derive(Debug)]
pub struct Submitted<T>(oneshot::Receiver<Result<Committed<T>>>);

impl<T> Submitted<T> {
    /// Waits until the change is durable. Fails as [`crate::Store::commit`] does, but never with [`Error::Overloaded`].
    pub async fn committed(self) -> Result<Committed<T>> {
        self.0.await.unwrap_or_else(|_| Err(stopped()))
    }
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".to_owned())
}

fn stopped() -> Error {
    Error::Unknown("the committer stopped".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::event::{EventKind, NewEvent};
    use domain::{TenantId, Time};
    use tokio::time::timeout;

    use super::*;
    use crate::Record;

    fn change(bytes: usize) -> Change<Record> {
        let now = Time::from_millis(0);
        let kind = EventKind::AgentRegistered;
        let event = NewEvent { kind, at: now, message: None, agent: None, data: "x".repeat(bytes) };
        let command = Record { events: vec![event], facts: Vec::new() };
        Change { tenant: TenantId::DEFAULT, now, version: None, command }
    }

    /// Puts a change in and hangs up: whether it waits.
    async fn waits(queue: &Queue, bytes: usize) -> bool {
        match timeout(Duration::ZERO, queue.commit(change(bytes))).await {
            Err(_) => true,
            Ok(outcome) => {
                assert!(matches!(outcome, Err(Error::Overloaded)));
                false
            }
        }
    }

    #[tokio::test]
    async fn changes_wait_up_to_so_many_bytes() {
        let one = change(1_000).bytes() as u32;
        let (queue, mut taken) = Queue::new(100, 2 * one);
        assert!(waits(&queue, 1_000).await && waits(&queue, 1_000).await, "two fit exactly");
        assert!(!waits(&queue, 0).await, "not one more, however small");
        assert_eq!(queue.depth(), 2);
        drop(taken.recv().await);
        assert!(!waits(&queue, 1_001).await, "there is no room for a larger one");
        assert!(waits(&queue, 1_000).await, "but for the same again");
    }

    #[tokio::test]
    async fn a_change_larger_than_all_the_room_waits_alone() {
        let (queue, mut taken) = Queue::new(100, 1_000);
        assert!(waits(&queue, 1_000_000).await);
        assert!(!waits(&queue, 0).await);
        drop(taken.recv().await);
        assert!(waits(&queue, 0).await);
    }

    #[tokio::test]
    async fn a_batch_waits_for_room() {
        let one = change(1_000).bytes() as u32;
        let (queue, mut taken) = Queue::new(100, one);
        let committer = async {
            for _ in 0..3 {
                let Some(Item::Change(mut waiting)) = taken.recv().await else { panic!("a change comes") };
                waiting.fail(Error::Conflict);
                waiting.answer();
            }
        };
        let batch = (0..3).map(|_| change(1_000)).collect();
        let (outcomes, ()) = tokio::join!(queue.commit_all(batch), committer);
        assert_eq!(outcomes.len(), 3);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(Error::Conflict))));
    }
}
