//! The secrets that pushes are signed with: shown to who may act for the agent, and changed without a gap.

use domain::event::{EventKind, NewEvent};
use domain::webhook::{SigningSecret, WebhookSecrets};
use domain::{AgentName, TenantId};
use store::{Change, Fact, Record};

use crate::{Engine, Error, Result, Session, random};

impl Session {
    /// The secrets of an agent's webhook; made where there are none yet.
    pub async fn webhook_secret(&self, agent: &str) -> Result<WebhookSecrets> {
        let caller = self.caller().await?;
        caller.must_act_as(agent)?;
        let agent = self.known_agent(caller, agent).await?;
        self.secrets_of(caller.tenant, &agent).await
    }

    /// Makes a new secret for an agent's webhook; the one before signs along for `webhooks.secret_overlap`.
    pub async fn rotate_webhook_secret(&self, agent: &str) -> Result<WebhookSecrets> {
        let caller = self.caller().await?;
        caller.must_act_as(agent)?;
        let agent = self.known_agent(caller, agent).await?;
        self.new_secret(caller.tenant, &agent).await
    }
}

impl Engine {
    pub(crate) async fn secrets_of(&self, tenant: TenantId, agent: &AgentName) -> Result<WebhookSecrets> {
        match self.inner.store.webhook_secrets(tenant, agent).await? {
            Some(secrets) => Ok(secrets),
            None => self.new_secret(tenant, agent).await,
        }
    }

    /// Two that make one at the same time make two, of which both are in force for a time: neither signs in vain.
    async fn new_secret(&self, tenant: TenantId, agent: &AgentName) -> Result<WebhookSecrets> {
        let now = self.now();
        let previous_until = now.plus(self.config().webhooks.secret_overlap);
        let event = NewEvent::of(EventKind::WebhookSecretRotated, now, &serde_json::json!({"agent": agent}));
        let secret = SigningSecret(random::bytes()?);
        let fact = Fact::WebhookSecret { agent: agent.clone(), secret, previous_until };
        let command = Record { events: vec![event.about(agent)], facts: vec![fact] };
        self.inner.store.commit(Change { tenant, now, version: None, command }).await?;
        self.grown(tenant);
        let made = self.inner.store.webhook_secrets(tenant, agent).await?;
        made.ok_or_else(|| Error::Internal(format!("a secret of `{agent}` was made and is not there")))
    }
}
