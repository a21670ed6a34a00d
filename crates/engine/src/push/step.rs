//! The steps: look who is to be pushed to, and push one message to one agent.

use std::sync::Arc;
use std::time::Duration;

use broker::Task;
use domain::delivery::{Delivery, Verb};
use domain::{AgentName, Span, TenantId, webhook};
use store::Settle;

use super::line::{Target, Turn};
use super::{Push, Pushed, Pusher};
use crate::background::Stepped;
use crate::{Engine, Error, InboxItem, Result};

/// How often the store is asked who is to be pushed to.
pub(crate) const LOOK: Duration = Duration::from_secs(1);
/// The pause before an outcome that the store did not take is given to it again.
const PAUSE: Duration = Duration::from_millis(250);
/// How much longer than its time a push may take before it is given up from outside.
const SLACK: Duration = Duration::from_secs(1);

impl Engine {
    /// Pushes to webhooks through this from now on; the first one stays. Without one nothing is pushed.
    pub fn push_through(&self, pusher: Arc<dyn Pusher>) {
        drop(self.inner.pushes.pusher.set(pusher));
    }

    /// Looks who is to be pushed to, and pushes one message to the next in line.
    pub async fn push_step(&self) -> Result<Stepped> {
        self.push_look_step().await?;
        let Some(turn) = self.next_turn() else { return Ok(Stepped::Idle) };
        self.take_turn(turn).await;
        Ok(Stepped::More)
    }

    /// Asks the store who has a webhook, something pending, and no push under way or pause.
    pub(crate) async fn push_look_step(&self) -> Result<Stepped> {
        if self.inner.pushes.pusher.get().is_none() {
            return Ok(Stepped::Idle);
        }
        for (tenant, ..) in self.inner.store.heads().await? {
            let directory = self.directory_now(tenant).await?;
            let hooks = self.inner.pushes.hooked.of(tenant, &directory);
            let agents: Vec<AgentName> = hooks.keys().cloned().collect();
            let pushable = self.inner.store.pushable(tenant, &agents, self.now()).await?;
            self.want_pushes(tenant, &pushable).await?;
        }
        Ok(Stepped::Idle)
    }

    /// Pushes as it may, each in a task of its own.
    pub(crate) async fn push(&self) {
        loop {
            while let Some(turn) = self.next_turn() {
                let engine = self.clone();
                self.inner.tasks.spawn(async move {
                    tokio::select! {
                        () = engine.take_turn(turn) => {}
                        () = engine.inner.abandon.cancelled() => {}
                    }
                });
            }
            self.inner.pushes.line.changed().await;
        }
    }

    fn next_turn(&self) -> Option<Turn> {
        let config = &self.config().webhooks;
        self.inner.pushes.line.next(config.concurrency, config.concurrency_per_host)
    }

    /// Those of these agents that have a webhook join the line.
    pub(crate) async fn want_pushes(&self, tenant: TenantId, agents: &[AgentName]) -> Result<()> {
        if agents.is_empty() || self.inner.pushes.pusher.get().is_none() {
            return Ok(());
        }
        let hooks = self.inner.pushes.hooked.of(tenant, &*self.directory(tenant).await?);
        for agent in agents {
            if let Some(host) = hooks.get(agent) {
                self.inner.pushes.line.join(Target { tenant, agent: agent.clone(), host: host.clone() });
            }
        }
        Ok(())
    }

    /// The recipients of a task's message that have a webhook join the line.
    pub(crate) async fn want_pushes_of(&self, task: Task) -> Result<()> {
        if self.inner.pushes.pusher.get().is_none() {
            return Ok(());
        }
        let hooks = self.inner.pushes.hooked.of(task.tenant, &*self.directory(task.tenant).await?);
        if hooks.is_empty() {
            return Ok(());
        }
        let stored = self.inner.store.message_at(task.tenant, task.seq).await?;
        let recipients = stored.map(|stored| stored.message.recipients).unwrap_or_default();
        self.want_pushes(task.tenant, &recipients).await
    }

    /// Pushes the next message of one agent; whatever goes wrong is seen to by the next look, or by the lease.
    async fn take_turn(&self, mut turn: Turn) {
        match self.push_next(&turn.target).await {
            Ok(more) => turn.more = more,
            Err(error) => {
                tracing::warn!(agent.name = %turn.target.agent, %error, "a push was not made, or its outcome not kept");
            }
        }
    }

    /// Answers whether there may be more to push.
    async fn push_next(&self, target: &Target) -> Result<bool> {
        let Target { tenant, agent, .. } = target;
        let Some(pusher) = self.inner.pushes.pusher.get() else { return Ok(false) };
        let directory = self.directory(*tenant).await?;
        let known = directory.agent(agent.as_str()).filter(|agent| agent.is_active());
        let Some(url) = known.and_then(|agent| agent.webhook.clone()) else { return Ok(false) };
        let secrets = self.secrets_of(*tenant, agent).await?.in_force(self.now());
        let lease = self.inner.policy.delivery.lease;
        let Some(item) = self.claim(*tenant, agent, 1, lease, true).await?.pop() else { return Ok(false) };
        let push = Push {
            id: webhook::id(item.message.id, agent),
            // The receiver compares it with its own clock.
            timestamp: self.inner.clock.wall().millis().div_euclid(1_000),
            url: url.clone(),
            secrets,
            within: self.config().webhooks.timeout.to_std(),
            item: item.clone(),
        };
        let outcome = within(pusher.as_ref(), push).await;
        self.note(*tenant, &item, &outcome);
        self.keep(*tenant, &item.delivery, &outcome).await?;
        if outcome == Pushed::Gone {
            self.drop_webhook(*tenant, agent.as_str(), &url).await?;
        }
        Ok(true)
    }

    /// Counts a push and logs what went wrong.
    fn note(&self, tenant: TenantId, item: &InboxItem, pushed: &Pushed) {
        if let Some(observer) = self.inner.observer.get() {
            observer.webhook(pushed.label());
        }
        let (agent, attempt) = (&item.delivery.agent, item.delivery.attempt);
        match pushed {
            Pushed::Done | Pushed::Taken => self.inner.ephemeral.seen(tenant, agent, self.now()),
            Pushed::Gone => tracing::warn!(agent.name = %agent, "a webhook is gone for good and is taken away"),
            Pushed::Later { why, .. } | Pushed::Failed { why, .. } => {
                tracing::info!(agent.name = %agent, message.id = %item.message.id, attempt, why, "a push did not succeed");
            }
        }
    }

    /// Settles a delivery as its push came out. While the store is away it is tried again, for as long as the lease runs: after
    /// that the delivery is pushed once more.
    async fn keep(&self, tenant: TenantId, delivery: &Delivery, pushed: &Pushed) -> Result<()> {
        let verb = self.verb_after(pushed, delivery)?;
        let until = delivery.lease_expires_at.unwrap_or_default();
        loop {
            match self.keep_once(tenant, delivery, pushed, verb.as_ref()).await {
                // Its receiver settled it by itself, or the lease ran out meanwhile.
                Err(Error::Refused(refusal)) => {
                    tracing::debug!(agent.name = %delivery.agent, %refusal, "a pushed delivery was settled otherwise");
                    return Ok(());
                }
                Err(Error::Store(error)) if !matches!(error, store::Error::Corrupt(_)) && self.now() < until => {
                    tracing::warn!(agent.name = %delivery.agent, %error, "the outcome of a push waits for the store");
                    tokio::time::sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn keep_once(
        &self,
        tenant: TenantId,
        delivery: &Delivery,
        pushed: &Pushed,
        verb: Option<&Verb>,
    ) -> Result<()> {
        let agent = &delivery.agent;
        let Some(verb) = verb.cloned() else {
            return Ok(self.inner.store.end_push(tenant, agent, delivery.receipt()).await?);
        };
        let settle = Settle {
            agent: agent.clone(),
            message: delivery.message,
            verb,
            directory: self.directory(tenant).await?,
            notice: self.new_id()?,
        };
        self.change(tenant, settle).await?;
        if let Pushed::Later { after: Some(after), .. } = pushed
            && *after > Span::ZERO
        {
            self.inner.store.pause_pushes(tenant, agent, self.now().plus(*after)).await?;
        }
        Ok(())
    }
}

/// Pushes, and gives up where the pusher takes longer than it may.
async fn within(pusher: &dyn Pusher, push: Push) -> Pushed {
    let most = push.within + SLACK;
    let why = || format!("no answer in {} s", push.within.as_secs_f32());
    let late = Pushed::Failed { outcome: "timeout", why: why() };
    tokio::time::timeout(most, pusher.push(push)).await.unwrap_or(late)
}
