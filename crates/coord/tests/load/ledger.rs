//! What clients were told, and whether a later answer contradicts it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use protocol::{Message, Priority, Received};
use tokio::sync::Notify;
use uuid::Uuid;

/// A send that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) id: Uuid,
    pub(crate) seq: u64,
    pub(crate) body: String,
    pub(crate) recipients: Vec<String>,
}

/// What all clients of a run were told.
#[derive(Default)]
pub(crate) struct Ledger {
    told: Mutex<Told>,
    changed: Notify,
}

#[derive(Default)]
struct Told {
    /// By idempotency key, which is also the subject.
    sent: BTreeMap<String, Sent>,
    acked: BTreeSet<(String, Uuid)>,
    /// The highest position received at a first attempt, by agent and lane.
    received: BTreeMap<(String, String), u64>,
    /// Answers that repeated an earlier one, which no client had got.
    replayed: usize,
    redelivered: usize,
    violations: Vec<String>,
}

impl Ledger {
    /// Writes down the answer to a send with this key to these agents.
    pub(crate) fn note_sent(&self, key: &str, message: &Message, to: &[String], replayed: bool) {
        let sent = Sent { id: message.id, seq: message.seq, body: message.body.clone(), recipients: to.to_vec() };
        let mut told = self.told();
        told.replayed += usize::from(replayed);
        if message.subject != key {
            told.violations.push(format!("`{key}` was answered with the message `{}`", message.subject));
        }
        if let Some(before) = told.sent.insert(key.to_owned(), sent.clone())
            && before != sent
        {
            told.violations.push(format!("`{key}` was sent twice: {before:?}, then {sent:?}"));
        }
    }

    /// Writes down a batch as one call received it.
    pub(crate) fn note_received(&self, agent: &str, batch: &[Received]) {
        let mut told = self.told();
        for pair in batch.windows(2) {
            let [first, second] = [&pair[0].message, &pair[1].message].map(|it| (rank(it.priority), it.seq));
            if first >= second {
                told.violations.push(format!("`{agent}` received {second:?} behind {first:?} in one batch"));
            }
        }
        for received in batch {
            told.note_one(agent, received);
        }
    }

    /// Writes down that an ack was answered with success.
    pub(crate) fn note_acked(&self, agent: &str, message: Uuid) {
        self.told().acked.insert((agent.to_owned(), message));
        self.changed.notify_waiters();
    }

    /// Writes down an answer that no client may ever get.
    pub(crate) fn note_violation(&self, what: String) {
        self.told().violations.push(what);
    }

    /// Every send that was answered, by key.
    pub(crate) fn sent(&self) -> BTreeMap<String, Sent> {
        self.told().sent.clone()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.told().violations.clone()
    }

    /// How many deliveries of answered sends an agent has.
    pub(crate) fn deliveries_of(&self, agent: &str) -> u64 {
        let told = self.told();
        told.sent.values().filter(|sent| sent.recipients.iter().any(|name| name == agent)).count() as u64
    }

    /// The deliveries of answered sends that are not acknowledged.
    pub(crate) fn left(&self) -> Vec<(String, u64)> {
        let told = self.told();
        let deliveries = told.sent.values().flat_map(|sent| sent.recipients.iter().map(move |agent| (agent, sent)));
        let left = deliveries.filter(|(agent, sent)| !told.acked.contains(&((*agent).clone(), sent.id)));
        left.map(|(agent, sent)| (agent.clone(), sent.seq)).collect()
    }

    /// Waits until every delivery of an answered send is acknowledged.
    pub(crate) async fn all_acked(&self) {
        loop {
            let changed = self.changed.notified();
            if self.left().is_empty() {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn summary(&self) -> String {
        let told = self.told();
        format!(
            "{} messages sent ({} answered at the second try), {} deliveries acknowledged, {} received again",
            told.sent.len(),
            told.replayed,
            told.acked.len(),
            told.redelivered,
        )
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }
}

impl Told {
    fn note_one(&mut self, agent: &str, received: &Received) {
        let message = &received.message;
        if self.acked.contains(&(agent.to_owned(), message.id)) {
            self.violations.push(format!("`{agent}` received {} after its ack was answered", message.seq));
        }
        if received.attempt > 1 {
            self.redelivered += 1;
            return;
        }
        if message.to.as_ref().is_some_and(|to| to.as_slice() == ["*"]) {
            // Workers write its deliveries after those of messages that were sent later.
            return;
        }
        let lane = (agent.to_owned(), message.priority.to_string());
        let before = self.received.insert(lane, message.seq).unwrap_or(0);
        if before >= message.seq {
            let lane = message.priority;
            self.violations.push(format!("`{agent}` received {} behind {before} in lane {lane}", message.seq));
        }
    }
}

/// The place of a lane: lower is served first.
fn rank(priority: Priority) -> u8 {
    match priority {
        Priority::Critical => 0,
        Priority::High => 1,
        Priority::Normal => 2,
        Priority::Info => 3,
    }
}
