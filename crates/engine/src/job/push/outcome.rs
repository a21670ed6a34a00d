//! What becomes of a delivery after a push.

use std::sync::Arc;
use std::time::Duration;

use domain::agent::Agent;
use domain::delivery::{Delivery, Verb};
use domain::event::{EventKind, NewEvent};
use domain::{Directory, Span, TenantId};
use ephemeral::Ephemeral;
use store::{Fact, Record, Settle, Store};

use super::Pushed;
use crate::config::WebhooksConfig;
use crate::directory::Directories;
use crate::shared::Shared;
use crate::writer::Writer;
use crate::{Clock, Error, InboxItem, Observer, Result, random};

/// The pause before an outcome that the store did not take is given to it again.
const PAUSE: Duration = Duration::from_millis(250);

impl Pushed {
    /// What the metrics call it.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Done | Self::Accepted => "delivered",
            Self::Gone => "gone",
            Self::Later { .. } => "throttled",
            Self::Failed { outcome, .. } => outcome,
        }
    }
}

/// Keeps what came of pushes.
pub(super) struct Outcomes {
    store: Store,
    clock: Clock,
    ephemeral: Ephemeral,
    observer: Option<Arc<dyn Observer>>,
    directories: Arc<Directories>,
    writer: Arc<Writer>,
    config: WebhooksConfig,
}

impl Outcomes {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            store: shared.store.clone(),
            clock: shared.clock.clone(),
            ephemeral: shared.ephemeral.clone(),
            observer: shared.observer.clone(),
            directories: Arc::clone(&shared.directories),
            writer: Arc::clone(&shared.writer),
            config: shared.config.webhooks.clone(),
        }
    }

    /// Counts a push and logs what went wrong.
    pub(super) fn note(&self, tenant: TenantId, item: &InboxItem, pushed: &Pushed) {
        if let Some(observer) = &self.observer {
            observer.webhook(pushed.label());
        }
        let (agent, attempt) = (&item.delivery.agent, item.delivery.attempt);
        match pushed {
            Pushed::Done | Pushed::Accepted => self.ephemeral.seen(tenant, agent, self.clock.now()),
            Pushed::Gone => tracing::warn!(agent.name = %agent, "a webhook is gone for good and is taken away"),
            Pushed::Later { why, .. } | Pushed::Failed { why, .. } => {
                tracing::info!(agent.name = %agent, message.id = %item.message.id, attempt, why, "a push did not succeed");
            }
        }
    }

    /// Settles a delivery as its push came out. While the store is away it is tried again, for as long as the lease runs: after
    /// that the delivery is pushed once more.
    pub(super) async fn keep(&self, tenant: TenantId, delivery: &Delivery, pushed: &Pushed) -> Result<()> {
        let verb = self.verb_after(pushed, delivery)?;
        let until = delivery.lease_expires_at.unwrap_or_default();
        loop {
            match self.keep_once(tenant, delivery, pushed, verb.as_ref()).await {
                // Its receiver settled it by itself, or the lease ran out meanwhile.
                Err(Error::Refused(refusal)) => {
                    tracing::debug!(agent.name = %delivery.agent, %refusal, "a pushed delivery was settled otherwise");
                    return Ok(());
                }
                Err(Error::Store(error)) if !matches!(error, store::Error::Corrupt(_)) && self.clock.now() < until => {
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
            return Ok(self.store.end_push(tenant, agent, delivery.receipt()).await?);
        };
        let settle = Settle {
            agent: agent.clone(),
            message: delivery.message,
            verb,
            directory: self.directories.of(tenant).await?,
            notice: random::message_id(self.clock.now())?,
        };
        self.writer.change(tenant, settle).await?;
        if let Pushed::Later { after: Some(after), .. } = pushed
            && *after > Span::ZERO
        {
            self.store.pause_pushes(tenant, agent, self.clock.now().plus(*after)).await?;
        }
        Ok(())
    }

    /// What is to be done with a delivery that was pushed; nothing where its receiver will say.
    fn verb_after(&self, pushed: &Pushed, delivery: &Delivery) -> Result<Option<Verb>> {
        let receipt = delivery.receipt();
        Ok(Some(match pushed {
            Pushed::Done => Verb::Ack { receipt: Some(receipt), note: None },
            Pushed::Accepted => return Ok(None),
            Pushed::Gone => {
                let reason = "its webhook answered that it is gone for good (410)".to_owned();
                Verb::Terminate { receipt: Some(receipt), reason }
            }
            Pushed::Later { after, why } => {
                let delay = self.pause_after(delivery)?.max(after.unwrap_or_default());
                Verb::Nack { receipt, delay: Some(delay), reason: Some(why.clone()) }
            }
            Pushed::Failed { why, .. } => {
                Verb::Nack { receipt, delay: Some(self.pause_after(delivery)?), reason: Some(why.clone()) }
            }
        }))
    }

    /// The pause before the next attempt at this delivery.
    fn pause_after(&self, delivery: &Delivery) -> Result<Span> {
        let randomness = u32::from_le_bytes(random::bytes()?);
        Ok(self.config.pause(delivery.attempt, randomness))
    }

    /// Takes an agent's webhook away, where it is still this one: its receiver wants nothing more. The agent's messages wait in
    /// its inbox.
    pub(super) async fn drop_webhook(&self, tenant: TenantId, agent: &str, url: &str) -> Result<()> {
        let now = self.clock.now();
        let decide = |directory: &Directory| {
            let known = directory.agent(agent).filter(|known| known.webhook.as_deref() == Some(url));
            let Some(known) = known else {
                return Ok((Record::default(), ()));
            };
            let agent = Agent { webhook: None, ..known.clone() };
            let events = vec![NewEvent::of_agent(EventKind::AgentUpdated, now, &agent)];
            Ok((Record { events, facts: vec![Fact::Agent(agent)] }, ()))
        };
        self.writer.record(tenant, decide).await
    }
}
