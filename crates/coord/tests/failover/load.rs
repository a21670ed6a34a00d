//! Clients that send at a steady rate, each message again with its key until it is acknowledged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::Client;
use client::Error;
use protocol::SendMessage;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use uuid::Uuid;

/// Senders, shared among the servers.
const SENDERS: usize = 8;
/// The pause of a sender between two messages, or two tries.
const PACE: Duration = Duration::from_millis(40);
/// How long anything that is waited for may take.
const TIMEOUT: Duration = Duration::from_secs(90);

/// What was acknowledged: ids by key, and when the last acknowledged send had begun.
#[derive(Default)]
struct Told {
    ledger: BTreeMap<String, Uuid>,
    /// When it began, and when it was acknowledged.
    latest: Option<(Instant, Instant)>,
}

/// The running clients.
pub(crate) struct Load {
    told: Arc<Mutex<Told>>,
    changed: watch::Receiver<usize>,
    go_on: watch::Sender<bool>,
    senders: JoinSet<()>,
}

impl Load {
    pub(crate) fn start(clients: &[Client]) -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let (count, changed) = watch::channel(0);
        let (go_on, _) = watch::channel(true);
        let (count, mut senders) = (Arc::new(count), JoinSet::new());
        for number in 0..SENDERS {
            let sender = Sender {
                number,
                client: clients[number % clients.len()].clone(),
                told: Arc::clone(&told),
                count: Arc::clone(&count),
                go_on: go_on.subscribe(),
            };
            senders.spawn(sender.run());
        }
        Self { told, changed, go_on, senders }
    }

    /// How many messages were acknowledged.
    pub(crate) fn count(&self) -> usize {
        *self.changed.borrow()
    }

    /// Waits until so many messages are acknowledged.
    pub(crate) async fn acknowledged(&self, count: usize) {
        let mut changed = self.changed.clone();
        let waited = timeout(TIMEOUT, changed.wait_for(|now| *now >= count)).await;
        waited.expect("sends are acknowledged in time").expect("the senders run");
    }

    /// Waits until a send is acknowledged that began after that moment, and answers when it was.
    pub(crate) async fn first_sent_after(&self, moment: Instant) -> Instant {
        let mut changed = self.changed.clone();
        let later = |_: &usize| told(&self.told).latest.is_some_and(|(began, _)| began > moment);
        let waited = timeout(TIMEOUT, changed.wait_for(later)).await;
        drop(waited.expect("sends resume in time").expect("the senders run"));
        told(&self.told).latest.map(|(_, acknowledged)| acknowledged).expect("one was acknowledged")
    }

    /// Lets each sender finish its message, and answers what was acknowledged.
    pub(crate) async fn stop(self) -> BTreeMap<String, Uuid> {
        self.go_on.send_replace(false);
        timeout(TIMEOUT, self.senders.join_all()).await.expect("the senders finish");
        std::mem::take(&mut told(&self.told).ledger)
    }
}

struct Sender {
    number: usize,
    client: Client,
    told: Arc<Mutex<Told>>,
    count: Arc<watch::Sender<usize>>,
    go_on: watch::Receiver<bool>,
}

impl Sender {
    async fn run(self) {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for count in 0.. {
            let key = format!("sender-{}-message-{count}", self.number);
            let message = message(&key);
            loop {
                pace.tick().await;
                let began = Instant::now();
                match self.client.send_message(&message, Some(&key)).await {
                    Ok(answer) => break self.note(&key, answer.value.id, began),
                    Err(error) if is_passing(&error) => {}
                    Err(error) => panic!("`{key}` was refused: {error:?}"),
                }
            }
            if !*self.go_on.borrow() {
                return;
            }
        }
    }

    fn note(&self, key: &str, id: Uuid, began: Instant) {
        let mut told = told(&self.told);
        told.ledger.insert(key.to_owned(), id);
        if told.latest.is_none_or(|(latest, _)| latest < began) {
            told.latest = Some((began, Instant::now()));
        }
        let count = told.ledger.len();
        drop(told);
        self.count.send_replace(count);
    }
}

fn message(key: &str) -> SendMessage {
    SendMessage {
        from: Some("code".to_owned()),
        to: Some("chat".into()),
        subject: key.to_owned(),
        body: "Running at scale!".to_owned(),
        ..SendMessage::default()
    }
}

/// Whether the database is away for a moment: perhaps done, and to be tried again with the same key.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } => true,
        Error::Problem(problem) => matches!(problem.status, 429 | 503),
        _ => false,
    }
}

fn told(told: &Mutex<Told>) -> std::sync::MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}
