//! Idempotency keys: what was sent under them.

use domain::message::MessageId;
use domain::refusal::{Code, Refusal};
use domain::{Digest, TenantId, Time};

use crate::command::Query;
use crate::value::Row;
use crate::{Result, Store};

/// An idempotency key in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// The SHA-256 of the request it came with.
    pub fingerprint: Digest,
    /// Until when it is kept.
    pub until: Time,
}

impl Store {
    /// The message that was sent under a key, where one was and the key is still in force. Fails with `idempotency-mismatch`
    /// where it was another request.
    pub async fn sent_under(
        &self,
        tenant: TenantId,
        idempotency: &Idempotency,
        now: Time,
    ) -> Result<Option<MessageId>> {
        let (sql, parameters) = query(tenant, &idempotency.key, now);
        let found = self.query(sql, parameters).await?.into_iter().next().map(known).transpose()?;
        found.map(|known| idempotency.answer(known)).transpose()
    }
}

impl Idempotency {
    /// The message that is known under this key; fails with `idempotency-mismatch` where the request was another one.
    pub(crate) fn answer(&self, (fingerprint, message): (Digest, MessageId)) -> Result<MessageId> {
        if self.fingerprint == fingerprint {
            return Ok(message);
        }
        let refusal = Refusal::new(Code::IdempotencyMismatch, "This idempotency key was used with another request.");
        Err(refusal
            .with_remedy("Use a new key for a new request; repeat a request with exactly the same bytes.")
            .into())
    }
}

/// Asks what is known under a key; read with [`known`].
pub(crate) fn query(tenant: TenantId, key: &str, now: Time) -> Query {
    let sql = "SELECT fingerprint, message FROM idempotency WHERE tenant = $1 AND key = $2 AND until > $3";
    (sql.to_owned(), vec![tenant.0.into(), key.into(), now.into()])
}

pub(crate) fn known(mut row: Row) -> Result<(Digest, MessageId)> {
    Ok((row.digest(0)?, row.message(1)?))
}
