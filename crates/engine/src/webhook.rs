//! The secrets that pushes are signed with: shown to who may act for the agent, and changed without a gap.

use std::sync::Arc;

use domain::event::{EventKind, NewEvent};
use domain::recorded::SecretTold;
use domain::webhook::{SigningSecret, WebhookSecrets};
use domain::{AgentName, Span, TenantId};
use store::{Change, Fact, Record, Store};

use crate::writer::Writer;
use crate::{Clock, Error, Result, Session, random};

impl Session {
    /// The secrets of an agent's webhook; made where there are none yet.
    pub async fn webhook_secret(&self, agent: &str) -> Result<WebhookSecrets> {
        let caller = self.caller().await?;
        caller.must_act_as(agent)?;
        let agent = self.known_agent(caller, agent).await?;
        self.inner.secrets.of(caller.tenant, &agent).await
    }

    /// Makes a new secret for an agent's webhook; the one before signs along for `webhooks.secret_overlap`.
    pub async fn rotate_webhook_secret(&self, agent: &str) -> Result<WebhookSecrets> {
        let caller = self.caller().await?;
        caller.must_act_as(agent)?;
        let agent = self.known_agent(caller, agent).await?;
        self.inner.secrets.rotate(caller.tenant, &agent).await
    }
}

/// The secrets of webhooks.
pub(crate) struct Secrets {
    store: Store,
    clock: Clock,
    writer: Arc<Writer>,
    /// How long the secret before signs along with a new one.
    overlap: Span,
}

impl Secrets {
    pub(crate) fn new(store: Store, clock: Clock, writer: Arc<Writer>, overlap: Span) -> Self {
        Self { store, clock, writer, overlap }
    }

    /// The secrets of an agent's webhook; made where there are none yet.
    pub(crate) async fn of(&self, tenant: TenantId, agent: &AgentName) -> Result<WebhookSecrets> {
        match self.store.webhook_secrets(tenant, agent).await? {
            Some(secrets) => Ok(secrets),
            None => self.rotate(tenant, agent).await,
        }
    }

    /// Makes a new secret. Two that make one at the same time make two, of which both are in force for a time: neither signs in vain.
    pub(crate) async fn rotate(&self, tenant: TenantId, agent: &AgentName) -> Result<WebhookSecrets> {
        let now = self.clock.now();
        let previous_until = now.plus(self.overlap);
        let secret = SigningSecret(random::bytes()?);
        let event = NewEvent::of(EventKind::WebhookSecretRotated, now, &SecretTold::new(agent, &secret.0));
        let fact = Fact::WebhookSecret { agent: agent.clone(), secret, previous_until };
        let command = Record { events: vec![event.about(agent)], facts: vec![fact] };
        self.store.commit(Change { tenant, now, version: None, command }).await?;
        self.writer.notify_log(tenant);
        let made = self.store.webhook_secrets(tenant, agent).await?;
        made.ok_or_else(|| Error::Internal(format!("a secret of `{agent}` was made and is not there")))
    }
}
