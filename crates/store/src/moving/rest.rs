//! The rest: what a tenant has that its log does not tell, because who reads the log may not know it.

use domain::delivery::State;
use domain::key::{Key, Role};
use domain::webhook::{SigningSecret, WebhookSecrets};
use domain::{Agent, AgentName, Digest, MessageId, TenantId, Time, webhook_address};
use serde::{Deserialize, Serialize};

use super::{PUT_IDEMPOTENCY, PUT_KEY, PUT_WEBHOOK_SECRET_WHOLE, UPDATE_LEASE};
use crate::rows::{Write, agent_row, key_row};
use crate::value::{Row, Value};
use crate::{KeyRow, Result, Store};

/// One row of what the log does not tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "snake_case")]
pub enum Rest {
    /// A key, by the hash of its text.
    Key {
        /// Its public id.
        id: String,
        /// The SHA-256 of its text.
        hash: Digest,
        /// What it is for.
        role: Role,
        /// Whom it speaks for.
        agents: Vec<AgentName>,
        /// What its owner calls it.
        name: String,
        /// When it was made.
        created_at: Time,
        /// When it was revoked.
        revoked_at: Option<Time>,
    },
    /// An idempotency key in force.
    Idempotency {
        /// The key.
        key: String,
        /// The SHA-256 of its request.
        fingerprint: Digest,
        /// What was sent under it.
        message: MessageId,
        /// Until when it is kept.
        until: Time,
    },
    /// The secrets of a webhook.
    WebhookSecret {
        /// Whose webhook.
        agent: AgentName,
        /// The one in force.
        secret: Digest,
        /// The one before it.
        previous: Option<Digest>,
        /// Until when that signs along.
        previous_until: Option<Time>,
    },
    /// The address of a webhook, of which the log tells only what is no secret.
    WebhookAddress {
        /// Whose webhook.
        agent: AgentName,
        /// The whole address.
        address: String,
    },
    /// The secret of a lease in force, so that its receipt still settles it.
    Lease {
        /// Whose delivery.
        agent: AgentName,
        /// Of which message.
        seq: i64,
        /// Which lease.
        attempt: i64,
        /// Its secret.
        lease: i64,
    },
}

impl Rest {
    /// A key.
    pub fn key(row: KeyRow) -> Self {
        let KeyRow { key, hash } = row;
        let Key { id, role, agents, name, created_at, revoked_at, .. } = key;
        Self::Key { id, hash, role, agents, name, created_at, revoked_at }
    }

    /// A webhook's secrets.
    pub fn webhook_secret(agent: AgentName, secrets: &WebhookSecrets) -> Self {
        let digest = |secret: SigningSecret| Digest(secret.0);
        let (previous, previous_until) = secrets.previous.unzip();
        let previous = previous.map(digest);
        Self::WebhookSecret { agent, secret: digest(secrets.current), previous, previous_until }
    }

    /// The row in a tenant; of an agent as the log tells of it, where that is to be changed.
    pub(super) fn write(self, tenant: TenantId, agents: &[Agent]) -> Result<Option<Write>> {
        let number = Value::from(tenant.0);
        Ok(Some(match self {
            Self::Key { id, hash, role, agents, name, created_at, revoked_at } => {
                let key = Key { id, tenant, role, agents, name, created_at, revoked_at };
                (&PUT_KEY, key_row(KeyRow { key, hash })?.1)
            }
            Self::Idempotency { key, fingerprint, message, until } => {
                (&PUT_IDEMPOTENCY, vec![number, key.into(), fingerprint.into(), message.into(), until.into()])
            }
            Self::WebhookSecret { agent, secret, previous, previous_until } => {
                let row = vec![number, (&agent).into(), secret.into(), previous.into(), previous_until.into()];
                (&PUT_WEBHOOK_SECRET_WHOLE, row)
            }
            Self::WebhookAddress { agent, address } => {
                // Where the log has gone on since, or tells of another address, that one holds.
                let shown = webhook_address::published(&address);
                let told = |known: &&Agent| known.name == agent && known.webhook.as_deref() == Some(shown.as_str());
                let Some(known) = agents.iter().find(told) else { return Ok(None) };
                agent_row(tenant, &Agent { webhook: Some(address), ..known.clone() })?
            }
            Self::Lease { agent, seq, attempt, lease } => {
                let state = State::Leased.code();
                let row = vec![number, (&agent).into(), seq.into(), attempt.into(), state.into(), lease.into()];
                (&UPDATE_LEASE, row)
            }
        }))
    }
}

impl Store {
    /// Idempotency keys in force of messages up to a position, by key, after `after`.
    pub async fn idempotency_keys(
        &self,
        tenant: TenantId,
        (after, limit): (&str, usize),
        head: i64,
        now: Time,
    ) -> Result<Vec<Rest>> {
        let sql = "SELECT i.key, i.fingerprint, i.message, i.until FROM idempotency i \
                   JOIN messages m ON m.tenant = i.tenant AND m.id = i.message \
                   WHERE i.tenant = $1 AND i.key > $2 AND i.until > $3 AND m.seq <= $4 ORDER BY i.key LIMIT $5";
        let parameters = vec![tenant.0.into(), after.into(), now.into(), head.into(), Value::Int(limit as i64)];
        let read = |mut row: Row| {
            Ok(Rest::Idempotency {
                key: row.text(0)?,
                fingerprint: row.digest(1)?,
                message: row.message(2)?,
                until: row.time(3)?,
            })
        };
        self.query(sql, parameters).await?.into_iter().map(read).collect()
    }
}
