//! An engine in a folder of its own, on a clock that the test moves. Nothing happens by itself: the test takes the steps.
#![expect(
    clippy::missing_panics_doc,
    reason = "whatever a shortcut expects and does not find ends the test, as it should"
)]

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use blobs::{Blobs, Objects, S3Config};
use broker::Broker;
use domain::delivery::{Delivery, Verb};
use domain::message::{Kind, MessageId, Priority};
use domain::refusal::Refusal;
use domain::send::Draft;
use domain::{Span, State, Time};
use engine::{
    AccessPolicy, AnonymousAccess, Clock, Config, Credentials, Engine, Error, InboxItem, MessageView, Observer, Page,
    Parts, Pusher, Session, Stepped,
};
use ephemeral::Ephemeral;
use store::Store;
use tempfile::TempDir;

/// When the clock of every test begins: 2026-01-31T09:30:00Z.
pub const START: Time = Time::from_millis(1_769_851_800_000);

/// What a test attaches to an engine.
#[derive(Clone, Default)]
pub struct Attached {
    /// Who takes note of what happens.
    pub observer: Option<Arc<dyn Observer>>,
    /// What hands deliveries to webhooks.
    pub pusher: Option<Arc<dyn Pusher>>,
}

/// An engine that a test drives. Gives every verb of its administrator's [`Session`], every step of the engine, and shortcuts for those that are to succeed.
pub struct TestEngine {
    /// The administrator of `default`.
    admin: Session,
    /// The clock.
    pub clock: Clock,
    /// The work queues.
    pub broker: Broker,
    config: Config,
    access: AccessPolicy,
    attached: Attached,
    folder: TempDir,
}

impl Deref for TestEngine {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.admin
    }
}

impl TestEngine {
    /// An engine with the default configuration: the agents `code`, `chat` and `human`.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// An engine with a changed configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::behind(AccessPolicy { anonymous: AnonymousAccess::UntilFirstKey, admin: None }, change).await
    }

    /// An engine with its own access policy, and a changed configuration.
    pub async fn behind(access: AccessPolicy, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        Self::attached(access, config, Attached::default()).await
    }

    /// An engine with its own access policy, this configuration and these attached.
    pub async fn attached(access: AccessPolicy, config: Config, attached: Attached) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let clock = Clock::by_hand(START);
        let broker = Broker::in_process(1_000);
        let engine = open(&folder, &clock, &broker, (&config, &access, &attached)).await;
        let admin = open_session(&engine).await;
        Self { admin, clock, broker, config, access, attached, folder }
    }

    /// Stops the engine and opens another one on the same folder; whatever was only in memory is gone.
    pub async fn reopen(&mut self) {
        self.stop().await;
        self.broker = Broker::in_process(1_000);
        let settings = (&self.config, &self.access, &self.attached);
        let engine = open(&self.folder, &self.clock, &self.broker, settings).await;
        self.admin = open_session(&engine).await;
    }

    /// The folder of its store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The engine itself, for a task of its own.
    pub fn engine(&self) -> Engine {
        Engine::clone(&self.admin)
    }

    /// Moves the clock and does what is due then.
    pub async fn tick(&self, by: Span) {
        self.clock.advance(by);
        while self.timers_step().await.expect("the timers do what is due") == Stepped::More {}
    }

    /// Publishes what was sent and sees to every task.
    pub async fn work(&self) {
        while self.relay_step().await.expect("the relay publishes") == Stepped::More {}
        while self.waiting().await > 0 {
            self.worker_step().await.expect("the worker sees to its tasks");
        }
    }

    /// How many tasks wait for a worker.
    async fn waiting(&self) -> i64 {
        let depths = self.broker.depths().await.expect("queues in this process answer");
        depths.iter().filter(|(queue, _)| queue != "tasks.dead").map(|(_, depth)| depth).sum()
    }

    /// Sends a draft.
    pub async fn sent(&self, draft: Draft) -> MessageView {
        self.send(draft, None).await.expect("the draft is sent").message
    }

    /// Why a draft is not sent.
    pub async fn refused(&self, draft: Draft) -> Refusal {
        refusal(self.send(draft, None).await)
    }

    /// Receives what there is, without waiting.
    pub async fn received(&self, agent: &str, max: usize) -> Vec<InboxItem> {
        self.receive(agent, max, None, Span::ZERO).await.expect("the agent receives")
    }

    /// Receives the next delivery, which must be there.
    pub async fn next(&self, agent: &str) -> InboxItem {
        self.received(agent, 1).await.pop().unwrap_or_else(|| panic!("the inbox of `{agent}` is empty"))
    }

    /// Does what a verb asks with a delivery.
    pub async fn done(&self, item: &InboxItem, verb: Verb) -> Delivery {
        let agent = item.delivery.agent.as_str();
        self.settle(agent, item.message.id, verb).await.expect("the verb is done")
    }

    /// What an agent has to do, by subject, in the order in which it is received.
    pub async fn subjects(&self, agent: &str) -> Vec<String> {
        let inbox = self.inbox(agent, &[], &Page::default()).await.expect("the inbox is shown");
        inbox.items.items.into_iter().map(|item| item.message.subject.clone()).collect()
    }

    /// One delivery as it stands.
    pub async fn delivery(&self, message: MessageId, agent: &str) -> Delivery {
        let receipts = self.receipts(message).await.expect("the message is known");
        let mut deliveries = receipts.deliveries.into_iter();
        deliveries.find(|found| found.agent.as_str() == agent).unwrap_or_else(|| panic!("none went to `{agent}`"))
    }

    /// Where one delivery stands.
    pub async fn state(&self, message: MessageId, agent: &str) -> State {
        self.delivery(message, agent).await.state
    }

    /// Holds that the log and the deliveries of `default` are whole.
    pub async fn verified(&self) {
        let report = self.verify().await.expect("the log is read");
        assert_eq!(report.problems, [], "verification finds problems");
    }
}

async fn open(
    folder: &TempDir,
    clock: &Clock,
    broker: &Broker,
    (config, access, attached): (&Config, &AccessPolicy, &Attached),
) -> Engine {
    let open = |url: &String| Objects::open(url, &S3Config::default()).expect("the archive opens");
    let Attached { observer, pusher } = attached.clone();
    let archive = config.archive.url.as_ref().map(open);
    let parts = Parts { archive, observer, pusher, ..parts(folder.path(), clock, broker) };
    Engine::open(parts, config.clone(), access.clone()).await.expect("the engine opens")
}

/// The administrator's session of an engine that needs no key.
pub async fn open_session(engine: &Engine) -> Session {
    engine.session(Credentials::anonymous(Ok(()))).await.expect("no key is needed")
}

/// What an engine stands on, in this folder.
pub fn parts(folder: &Path, clock: &Clock, broker: &Broker) -> Parts {
    Parts {
        store: Store::open_sqlite(folder, store::Options::default()).expect("the store opens"),
        broker: broker.clone(),
        ephemeral: Ephemeral::default(),
        blobs: Blobs::in_folder(&folder.join("attachments")).expect("the folder for attachments opens"),
        archive: None,
        clock: clock.clone(),
        observer: None,
        pusher: None,
    }
}

/// Why something was not done.
pub fn refusal<T>(outcome: engine::Result<T>) -> Refusal {
    match outcome {
        Ok(_) => panic!("it was done, and should have been refused"),
        Err(Error::Refused(refusal)) => *refusal,
        Err(error) => panic!("it failed, and should have been refused: {error}"),
    }
}

/// A draft with everything left out that may be.
pub fn draft(from: &str, to: &str, subject: &str) -> Draft {
    Draft {
        from: Some(from.to_owned()),
        to: vec![to.to_owned()],
        subject: subject.to_owned(),
        body: "Running at scale!".to_owned(),
        content_type: None,
        kind: Kind::Inform,
        priority: Priority::Normal,
        domain: None,
        in_reply_to: None,
        attachments: Vec::new(),
        evidence: BTreeMap::new(),
        metadata: None,
        expires_in: None,
        expires_at: None,
        deliver_in: None,
        deliver_at: None,
        ack_within: None,
        traceparent: None,
        act: None,
    }
}

/// An ack under the lease of this delivery.
pub fn ack(item: &InboxItem) -> Verb {
    Verb::Ack { receipt: Some(item.delivery.receipt()), note: None }
}

/// A nack under the lease of this delivery.
pub fn nack(item: &InboxItem) -> Verb {
    Verb::Nack { receipt: item.delivery.receipt(), delay: None, reason: None }
}

/// A deferral under the lease of this delivery, until a trigger.
pub fn defer_until(item: &InboxItem, trigger: &str) -> Verb {
    let receipt = Some(item.delivery.receipt());
    Verb::Defer { receipt, until: None, trigger: Some(trigger.to_owned()), reason: None }
}
