//! An engine that pushes, on a clock that the test moves.

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use domain::message::{Kind, Priority};
use domain::{AgentKind, MessageId, Span};
use engine::config::AgentConfig;
use engine::{AccessPolicy, AnonymousAccess, Config, EventFilter, Observer, Page, Stepped};
use testkit::engine::{Attached, TestEngine, draft};
use webhook::{Lookup, Webhooks};

use crate::receiver::Receiver;

/// The agent with a webhook.
pub(crate) const HOOK: &str = "hook.agent";

/// Notes how pushes ended.
#[derive(Default)]
struct Outcomes(Mutex<Vec<&'static str>>);

impl Observer for Outcomes {
    fn sent(&self, _: &str, _: Kind, _: Priority) {}
    fn delivered(&self, _: Span) {}
    fn webhook(&self, outcome: &'static str) {
        self.0.lock().unwrap().push(outcome);
    }

    fn attachment_damaged(&self) {}
}

pub(crate) struct World {
    driven: TestEngine,
    outcomes: Arc<Outcomes>,
}

impl Deref for World {
    type Target = TestEngine;

    fn deref(&self) -> &TestEngine {
        &self.driven
    }
}

/// An agent whose webhook is this.
pub(crate) fn hooked(config: &mut Config, url: &str) {
    let mut agent = AgentConfig::new(HOOK, AgentKind::Ai);
    agent.webhook = Some(url.to_owned());
    config.agents.push(agent);
}

/// The address of a receiver, and that pushes may go there.
pub(crate) fn to(receiver: &Receiver) -> impl FnOnce(&mut Config) {
    let (url, ip) = (receiver.url(), receiver.ip().to_string());
    move |config| {
        hooked(config, &url);
        config.webhooks.allow = vec![ip.parse().expect("an address")];
    }
}

impl World {
    /// An engine that pushes to a receiver.
    pub(crate) async fn to(receiver: &Receiver) -> Self {
        Self::with(to(receiver)).await
    }

    /// An engine with a changed configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::looking_up(Arc::new(webhook::System), change).await
    }

    /// The same, with names looked up so.
    pub(crate) async fn looking_up(lookup: Arc<dyn Lookup>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let outcomes = Arc::new(Outcomes::default());
        let attached = Attached {
            observer: Some(Arc::clone(&outcomes) as Arc<dyn Observer>),
            pusher: Some(Arc::new(Webhooks::looking_up(&config.webhooks, lookup))),
        };
        let access = AccessPolicy { anonymous: AnonymousAccess::UntilFirstKey, admin: None };
        let driven = TestEngine::attached(access, config, attached).await;
        Self { driven, outcomes }
    }

    /// Sends a message to the agent with a webhook.
    pub(crate) async fn send_to_hook(&self, subject: &str) -> MessageId {
        self.sent(draft("code", HOOK, subject)).await.message.id
    }

    /// Pushes until there is nothing to push.
    pub(crate) async fn push_all(&self) {
        while self.push_step().await.expect("the store is there") == Stepped::More {}
    }

    /// How the pushes so far ended.
    pub(crate) fn outcomes(&self) -> Vec<&'static str> {
        self.outcomes.0.lock().unwrap().clone()
    }

    /// The types of all events about a message, without what they share.
    pub(crate) async fn events_of(&self, message: MessageId) -> Vec<String> {
        let filter = EventFilter { message: Some(message), ..EventFilter::default() };
        let events = self.events(&filter, &Page::default()).await.expect("the log");
        events.items.iter().map(|event| event.kind.as_str().replace("coordination.message.", "")).collect()
    }

    /// The webhook as the directory has it now.
    pub(crate) async fn webhook(&self) -> Option<String> {
        self.agent(HOOK).await.expect("known").agent.webhook
    }
}
