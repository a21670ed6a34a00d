//! Groups: the changes that one transaction takes together.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::{AgentName, TenantId};
use tokio::sync::mpsc;

use crate::change::{Change, What};
use crate::queue::{Item, Waiting};
use crate::rows::Group;
use crate::value::Value;

/// What is next to be done.
pub(super) enum Next {
    /// Commit these; each with how many more deliveries it asks for because of those before it.
    Group(Vec<(Waiting, usize)>),
    /// Run this by itself.
    Statement((&'static str, Vec<Value>), tokio::sync::oneshot::Sender<crate::Result<()>>),
    /// Write these in a transaction of their own.
    Rows(Vec<Group>, tokio::sync::oneshot::Sender<crate::Result<()>>),
    /// Nothing more comes; whoever asked is answered when the last is done.
    Closed(Vec<tokio::sync::oneshot::Sender<()>>),
}

/// The queue as the committer takes it.
pub(super) struct Groups {
    queue: mpsc::Receiver<Item>,
    /// Taken from the queue and not yet done.
    held: VecDeque<Item>,
    closed: Vec<tokio::sync::oneshot::Sender<()>>,
    batch: usize,
}

/// Changes of one transaction that must see each other's rows cannot ask their questions at once. One that removes rows is
/// alone in its transaction.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Idempotency(TenantId, String),
    FanOut(TenantId, i64),
}

fn key(change: &Change) -> Option<Key> {
    match &change.what {
        What::Send(sending) => {
            sending.idempotency.as_ref().map(|idempotency| Key::Idempotency(change.tenant, idempotency.key.clone()))
        }
        What::FanOut { seq, .. } => Some(Key::FanOut(change.tenant, *seq)),
        _ => None,
    }
}

impl Groups {
    pub(super) fn new(queue: mpsc::Receiver<Item>, batch: usize) -> Self {
        Self { queue, held: VecDeque::new(), closed: Vec::new(), batch }
    }

    /// Waits for the next thing to do; takes along what waits already.
    pub(super) async fn next(&mut self) -> Next {
        if self.held.is_empty() {
            match self.queue.recv().await {
                Some(item) => self.held.push_back(item),
                None => return Next::Closed(std::mem::take(&mut self.closed)),
            }
        }
        while self.held.len() < self.batch
            && let Ok(item) = self.queue.try_recv()
        {
            self.held.push_back(item);
        }
        match self.held.pop_front() {
            Some(Item::Statement(statement, done)) => Next::Statement(statement, done),
            Some(Item::Rows(groups, done)) => Next::Rows(groups, done),
            Some(Item::Close(closed)) => {
                self.queue.close();
                self.closed.push(closed);
                Next::Group(Vec::new())
            }
            Some(first @ Item::Change(_)) => {
                self.held.push_front(first);
                Next::Group(self.group())
            }
            None => Next::Group(Vec::new()),
        }
    }

    /// Refuses all that waits, because the database is away: what came while it was waited for would only wait as long
    /// again.
    pub(super) fn refuse(&mut self, why: &str) {
        while let Ok(item) = self.queue.try_recv() {
            self.held.push_back(item);
        }
        let away = || crate::Error::Unavailable(why.to_owned());
        for item in std::mem::take(&mut self.held) {
            match item {
                Item::Change(waiting) => waiting.answer(Err(away())),
                // Who no longer waits has hung up.
                Item::Statement(_, done) | Item::Rows(_, done) => drop(done.send(Err(away()))),
                close @ Item::Close(_) => self.held.push_back(close),
            }
        }
    }

    /// The changes at the front, in their order, as far as none must see the rows of another.
    fn group(&mut self) -> Vec<(Waiting, usize)> {
        let mut group = Vec::new();
        let mut keys = HashSet::new();
        let mut claims: HashMap<(TenantId, AgentName), usize> = HashMap::new();
        while let Some(Item::Change(waiting)) = self.held.front() {
            let alone = matches!(waiting.change.what, What::Archive(_));
            if alone && !group.is_empty() || key(&waiting.change).is_some_and(|key| !keys.insert(key)) {
                break;
            }
            let more = match &waiting.change.what {
                What::Claim { agent, max, .. } => {
                    let taken = claims.entry((waiting.change.tenant, agent.clone())).or_default();
                    std::mem::replace(taken, *taken + max)
                }
                _ => 0,
            };
            if let Some(Item::Change(waiting)) = self.held.pop_front() {
                group.push((*waiting, more));
            }
            if alone {
                break;
            }
        }
        group
    }
}
