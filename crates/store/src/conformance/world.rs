//! A small world in a store: one tenant, its directory, and short words for what the cases do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::agent::{Agent, AgentKind};
use domain::decision::Effect;
use domain::delivery::{Receipt, Verb};
use domain::directory::{Directory, Policy};
use domain::event::{Event, NewEvent};
use domain::message::{Kind, Message, MessageId, Priority};
use domain::{AgentName, Delivery, Span, State, TenantId, Time};

use crate::{
    Change, Claim, Claimed, Command, Committed, Elapse, Error, Fact, Idempotency, Record, Result, SendMessage,
    SendOutcome, Settle, Store,
};
use domain::filter::{EventFilter, ReceiveFilter};

/// When every world begins.
pub const NOW: Time = Time::from_millis(1_700_000_000_000);
/// The lease of every claim.
pub const LEASE: Span = Span::from_secs(60);

/// So many seconds after the beginning.
pub fn at(secs: i64) -> Time {
    NOW.plus(Span::from_secs(secs))
}

/// A name.
pub fn name(text: &str) -> AgentName {
    text.parse().expect("a name")
}

/// One tenant of a store.
pub struct World<'a> {
    /// The store.
    pub store: &'a Store,
    /// The tenant.
    pub tenant: TenantId,
    /// What its decisions are made on.
    pub directory: Arc<Directory>,
    drawn: AtomicU64,
}

impl<'a> World<'a> {
    /// The tenant `default`.
    pub async fn new(store: &'a Store) -> Self {
        Self::of(store, "default").await
    }

    /// The tenant of this name; `human` is the final authority and the only registered agent.
    pub async fn of(store: &'a Store, tenant: &str) -> Self {
        let tenant = store.ensure_tenant(tenant, NOW).await.expect("a tenant");
        let policy = Policy { final_authority: vec![name("human")], ..Policy::default() };
        let mut directory = Directory { policy: Arc::new(policy), ..Directory::default() };
        directory.agents.insert(name("human"), Agent::new(name("human"), AgentKind::Human, NOW));
        Self { store, tenant, directory: Arc::new(directory), drawn: AtomicU64::new(0) }
    }

    /// A number that was not drawn before.
    pub fn draw(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A new id, made at a time.
    pub fn id_at(&self, now: Time) -> MessageId {
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.draw().to_be_bytes());
        MessageId::new(now, random)
    }

    /// A message from `code`, to be changed before it is sent.
    pub fn message(&self, to: &[&str]) -> Message {
        let id = self.id_at(NOW);
        Message {
            id,
            from: name("code"),
            to: to.iter().map(|to| (*to).to_owned()).collect(),
            recipients: to.iter().map(|to| name(to)).collect(),
            fan_out: false,
            subject: format!("Subject {id}"),
            body: "How are you?".to_owned(),
            content_type: "text/markdown".to_owned(),
            kind: Kind::Inform,
            priority: Priority::Normal,
            domain: None,
            in_reply_to: None,
            thread_id: id,
            attachments: Vec::new(),
            evidence: BTreeMap::new(),
            metadata: None,
            expires_at: None,
            deliver_at: None,
            ack_within: None,
            sent_at: NOW,
            traceparent: None,
            outcome: None,
        }
    }

    /// A change at a time.
    pub fn change<C>(&self, now: Time, command: C) -> Change<C> {
        Change { tenant: self.tenant, now, version: None, command }
    }

    /// Makes a change at the beginning of time.
    pub async fn commit<C: Command>(&self, command: C) -> Result<Committed<C::Outcome>> {
        self.store.commit(self.change(NOW, command)).await
    }

    /// Sends; answers the position.
    pub async fn send(&self, message: &Message) -> i64 {
        position(self.commit(sending(message, None)).await.expect("sent").outcome)
    }

    /// Sends the usual; answers its id.
    pub async fn sent(&self, to: &[&str]) -> MessageId {
        let message = self.message(to);
        self.send(&message).await;
        message.id
    }

    /// Records events and facts.
    pub async fn record(&self, events: Vec<NewEvent>, facts: Vec<Fact>) {
        self.commit(Record { events, facts }).await.expect("recorded");
    }

    /// A claim of at most so many.
    pub fn claiming(&self, agent: &str, max: usize) -> Claim {
        Claim {
            agent: name(agent),
            max,
            lease: LEASE,
            secret: self.draw() << 32,
            push: false,
            filter: ReceiveFilter::default(),
        }
    }

    /// Claims at most so many.
    pub async fn claim(&self, agent: &str, max: usize, now: Time) -> Vec<Claimed> {
        let change = self.change(now, self.claiming(agent, max));
        self.store.commit(change).await.expect("claimed").outcome
    }

    /// Claims the next one.
    pub async fn claim_one(&self, agent: &str, now: Time) -> Delivery {
        self.claim(agent, 1, now).await.pop().expect("something to claim").delivery
    }

    /// What a verb asks.
    pub fn settling(&self, agent: &str, message: MessageId, verb: Verb) -> Settle {
        let notice = self.id_at(NOW);
        Settle { agent: name(agent), message, verb, directory: Arc::clone(&self.directory), notice }
    }

    /// Does what a verb asks.
    pub async fn settle(&self, agent: &str, message: MessageId, verb: Verb) -> Result<Delivery> {
        Ok(self.commit(self.settling(agent, message, verb)).await?.outcome)
    }

    /// Does what is due with one delivery; answers whether anything was.
    pub async fn elapse(&self, agent: &str, seq: i64, now: Time) -> bool {
        let notices = std::array::from_fn(|_| self.id_at(now));
        let elapse = Elapse { agent: name(agent), seq, directory: Arc::clone(&self.directory), notices };
        self.store.commit(self.change(now, elapse)).await.expect("elapsed").outcome
    }

    /// Does everything that is due.
    pub async fn elapse_all(&self, now: Time) {
        loop {
            let mut due = self.store.due(now, 10_000).await.expect("what is due");
            due.retain(|due| due.tenant == self.tenant);
            if due.is_empty() {
                return;
            }
            for due in due {
                assert!(self.elapse(due.agent.as_str(), due.seq, now).await, "what is due happens: {due:?}");
            }
        }
    }

    /// A delivery as it stands.
    pub async fn delivery(&self, agent: &str, message: MessageId) -> Delivery {
        self.store.delivery(self.tenant, agent, message).await.expect("read").expect("a delivery")
    }

    /// The messages that wait in an inbox, in order.
    pub async fn pending(&self, agent: &str) -> Vec<Message> {
        let found = self.store.inbox(self.tenant, agent, State::Pending, (-1, 0), 1_000).await.expect("an inbox");
        found.into_iter().map(|found| found.message).collect()
    }

    /// The whole log.
    pub async fn log(&self) -> Vec<Event> {
        self.store.events(self.tenant, &EventFilter::default(), 0, 100_000).await.expect("the log")
    }

    /// The position of the head.
    pub async fn head(&self) -> i64 {
        self.store.head(self.tenant).await.expect("read").expect("a head").0
    }

    /// Verifies that nothing is wrong.
    pub async fn verify(&self) {
        let report = self.store.verify(self.tenant).await.expect("verified");
        assert_eq!(report.problems, [], "verification is clean");
        assert_eq!(report.head_seq - report.trimmed_seq, report.checked);
    }
}

/// A message to be sent.
pub fn sending(message: &Message, idempotency: Option<Idempotency>) -> SendMessage {
    let data = serde_json::to_string(message).expect("a message becomes JSON");
    let effect = if message.asks() { Effect::Opens(message.domain.clone()) } else { Effect::Nothing };
    SendMessage { message: message.clone().into(), data, before: Vec::new(), effect, idempotency }
}

/// The position of a message that was sent and not sent before.
pub fn position(outcome: SendOutcome) -> i64 {
    match outcome {
        SendOutcome::Sent(seq) => seq,
        SendOutcome::Replayed(id) => panic!("it was sent before, as {id}"),
    }
}

/// The code of a refusal.
pub fn refused<T: std::fmt::Debug>(result: Result<T>) -> domain::Code {
    match result {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("not refused but {other:?}"),
    }
}

/// An ack with a receipt.
pub fn ack(receipt: Receipt) -> Verb {
    Verb::Ack { receipt: Some(receipt), note: None }
}

/// An end with a reason.
pub fn terminate() -> Verb {
    Verb::Terminate { receipt: None, reason: "nonsense".to_owned() }
}
