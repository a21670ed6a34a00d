//! One attempt: pushing the next message of one agent.

use std::sync::Arc;
use std::time::Duration;

use domain::filter::ReceiveFilter;
use domain::{Span, webhook};

use super::outcome::Outcomes;
use super::queue::{Slot, Target};
use super::{Push, Pushed, Pusher};
use crate::claim::{Claims, Leasing};
use crate::directory::Directories;
use crate::shared::Shared;
use crate::webhook::Secrets;
use crate::{Clock, Result};

/// How much longer than its time a push may take before it is given up from outside.
const SLACK: Duration = Duration::from_secs(1);

/// Leases a message, pushes it and keeps what came of it.
pub(super) struct Attempts {
    clock: Clock,
    directories: Arc<Directories>,
    secrets: Arc<Secrets>,
    claims: Arc<Claims>,
    pusher: Arc<dyn Pusher>,
    outcomes: Outcomes,
    lease: Span,
    timeout: Duration,
}

impl Attempts {
    pub(super) fn new(shared: &Shared, pusher: Arc<dyn Pusher>) -> Self {
        Self {
            clock: shared.clock.clone(),
            directories: Arc::clone(&shared.directories),
            secrets: Arc::clone(&shared.secrets),
            claims: Arc::clone(&shared.claims),
            pusher,
            outcomes: Outcomes::new(shared),
            lease: shared.policy.delivery.lease,
            timeout: shared.config.webhooks.timeout.to_std(),
        }
    }

    /// Pushes the next message of one agent; whatever goes wrong is found by the next poll, or when the lease ends.
    pub(super) async fn push_to(&self, mut slot: Slot) {
        match self.push_next(&slot.target).await {
            Ok(more) => slot.more = more,
            Err(error) => {
                tracing::warn!(agent.name = %slot.target.agent, %error, "a push was not made, or its outcome not kept");
            }
        }
    }

    /// Answers whether there may be more to push.
    async fn push_next(&self, target: &Target) -> Result<bool> {
        let Target { tenant, agent, .. } = target;
        let directory = self.directories.of(*tenant).await?;
        let known = directory.agent(agent.as_str()).filter(|agent| agent.is_active());
        let Some(url) = known.and_then(|agent| agent.webhook.clone()) else { return Ok(false) };
        let secrets = self.secrets.of(*tenant, agent).await?.in_force(self.clock.now());
        let leasing = Leasing { max: 1, lease: self.lease, push: true, filter: ReceiveFilter::default() };
        let claimed = self.claims.claim(*tenant, agent, leasing).await?.pop();
        let Some(item) = claimed else { return Ok(false) };
        let push = Push {
            id: webhook::id(item.message.id, agent),
            // The receiver compares it with its own clock.
            timestamp: self.clock.wall().millis().div_euclid(1_000),
            url: url.clone(),
            secrets,
            within: self.timeout,
            item: item.clone(),
        };
        let pushed = within(self.pusher.as_ref(), push).await;
        self.outcomes.note(*tenant, &item, &pushed);
        self.outcomes.keep(*tenant, &item.delivery, &pushed).await?;
        if pushed == Pushed::Gone {
            self.outcomes.drop_webhook(*tenant, agent.as_str(), &url).await?;
        }
        Ok(true)
    }
}

/// Pushes, and gives up where the pusher takes longer than it may.
async fn within(pusher: &dyn Pusher, push: Push) -> Pushed {
    let most = push.within + SLACK;
    let why = || format!("no answer in {} s", push.within.as_secs_f32());
    let late = Pushed::Failed { outcome: "timeout", why: why() };
    tokio::time::timeout(most, pusher.push(push)).await.unwrap_or(late)
}
