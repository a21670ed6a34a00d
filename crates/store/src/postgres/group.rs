//! Groups: the changes that one transaction takes together.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::{AgentName, TenantId};
use tokio::sync::mpsc;

use crate::command::{Key, Pending, Sharing};
use crate::queue::Item;
use crate::rows::Group;
use crate::value::Value;

/// A change of a group, and how many more rows it asks for because of those before it.
pub(super) type Asking = (Box<dyn Pending>, usize);

/// What is next to be done.
pub(super) enum Next {
    /// Commit these.
    Group(Vec<Asking>),
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

/// What the changes of a group have said so far of how they share a transaction, see [`Sharing`].
#[derive(Default)]
struct Shared {
    keys: HashSet<(&'static str, TenantId, String)>,
    taken: HashMap<(TenantId, AgentName), usize>,
}

impl Shared {
    /// Whether a change may not join one that stands there already.
    fn excludes(&mut self, tenant: TenantId, sharing: Sharing<'_>) -> bool {
        let (kind, key) = match sharing {
            Sharing::Unless(kind, Key::Text(key)) => (kind, key.to_owned()),
            Sharing::Unless(kind, Key::Position(seq)) => (kind, seq.to_string()),
            Sharing::Free | Sharing::Alone | Sharing::Takes(..) => return false,
        };
        !self.keys.insert((kind, tenant, key))
    }

    /// How many rows those before a change take first.
    fn more(&mut self, tenant: TenantId, sharing: Sharing<'_>) -> usize {
        let Sharing::Takes(agent, max) = sharing else { return 0 };
        let taken = self.taken.entry((tenant, agent.clone())).or_default();
        std::mem::replace(taken, *taken + max)
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
                Item::Change(mut waiting) => {
                    waiting.fail(away());
                    waiting.answer();
                }
                // Who no longer waits has hung up.
                Item::Statement(_, done) | Item::Rows(_, done) => drop(done.send(Err(away()))),
                close @ Item::Close(_) => self.held.push_back(close),
            }
        }
    }

    /// The changes at the front, in their order, as far as none must see the rows of another.
    fn group(&mut self) -> Vec<Asking> {
        let mut group = Vec::new();
        let mut shared = Shared::default();
        while let Some(Item::Change(waiting)) = self.held.front() {
            let (tenant, sharing) = (waiting.tenant(), waiting.sharing());
            let alone = matches!(sharing, Sharing::Alone);
            if alone && !group.is_empty() || shared.excludes(tenant, sharing) {
                break;
            }
            let more = shared.more(tenant, sharing);
            if let Some(Item::Change(waiting)) = self.held.pop_front() {
                group.push((waiting, more));
            }
            if alone {
                break;
            }
        }
        group
    }
}
