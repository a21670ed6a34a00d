//! Idempotency keys as they are kept.

use domain::IdempotencyKey;
use domain::agent::AgentName;
use domain::key::Caller;
use domain::send::Draft;
use store::Idempotency;

use crate::{Engine, Result};

impl Engine {
    /// The key as it is kept: for an `agent` key under the sender's name, so that two agents with the same key and the same
    /// words do not stand in each other's way.
    pub(crate) fn idempotency(&self, caller: &Caller, draft: &Draft, key: IdempotencyKey) -> Result<Idempotency> {
        key.check(&self.inner.policy.limits)?;
        let IdempotencyKey { key, fingerprint, .. } = key;
        let sender = draft.from.as_deref().or(caller.only_agent().map(AgentName::as_str)).unwrap_or_default();
        let key = match caller.readable() {
            Some(_) => {
                caller.must_act_as(sender)?;
                format!("{sender} {key}")
            }
            None => key,
        };
        let until = self.now().plus(self.config().limits.idempotency_retention);
        Ok(Idempotency { key, fingerprint, until })
    }
}
