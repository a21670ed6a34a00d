//! Pushes deliveries to the webhooks of agents over HTTP, signed as Standard Webhooks says, and to nowhere that they may not
//! lead.
//!
//! Whoever may register an agent may name any address. So nothing is connected to but public addresses, over TLS, and what
//! `webhooks.allow` names: the check is made on the very addresses that a connection is then opened to, so that a name which
//! answers differently the second time gains nothing.

mod address;
mod answer;
mod outgoing;
mod resolve;
mod rules;

use std::sync::Arc;

use engine::config::WebhooksConfig;
use engine::{Push, Pushed, Pusher};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub use resolve::{Lookup, System};

use outgoing::Outgoing;
use rules::Rules;

/// Pushes over HTTP. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Webhooks {
    outgoing: Arc<Outgoing>,
}

impl Webhooks {
    /// Pushes as the configuration says; names are looked up as the system does.
    pub fn new(config: &WebhooksConfig) -> Self {
        Self::looking_up(config, Arc::new(System))
    }

    /// The same, with names looked up by `lookup`.
    pub fn looking_up(config: &WebhooksConfig, lookup: Arc<dyn Lookup>) -> Self {
        let rules = Arc::new(Rules::new(config.allow.clone()));
        Self { outgoing: Arc::new(Outgoing::new(config, rules, lookup)) }
    }
}

impl Pusher for Webhooks {
    fn refusal(&self, url: &str) -> Option<String> {
        self.outgoing.target(url).err().map(|refused| refused.to_string())
    }

    fn push(&self, push: Push) -> BoxFuture<'_, Pushed> {
        self.outgoing.push(push).boxed()
    }
}
