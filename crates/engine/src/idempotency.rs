//! Idempotency keys as they are kept.

use domain::IdempotencyKey;
use domain::key::Caller;
use domain::send::{Draft, may_send};
use store::Idempotency;

use crate::{Engine, Result};

impl Engine {
    /// The key as it is kept: for an `agent` key under the sender's name, so that two agents with the same key and the same
    /// words do not stand in each other's way.
    ///
    /// Fails unless the caller may send the draft: what was sent before under this key is answered to nobody else.
    pub(crate) fn idempotency(&self, caller: &Caller, draft: &Draft, key: IdempotencyKey) -> Result<Idempotency> {
        key.check(&self.inner.policy.limits)?;
        let sender = may_send(draft, caller)?;
        let IdempotencyKey { key, fingerprint, .. } = key;
        let key = if caller.readable().is_some() { format!("{sender} {key}") } else { key };
        let until = self.now().plus(self.config().limits.idempotency_retention);
        Ok(Idempotency { key, fingerprint, until })
    }
}
