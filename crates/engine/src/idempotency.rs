//! Idempotency keys: under one, the same request is sent once.

use domain::Digest;
use domain::agent::AgentName;
use domain::key::Caller;
use domain::refusal::{Code, Refusal};
use domain::send::Draft;
use store::Idempotency;

use crate::{Engine, Result};

/// An idempotency key and the digest of the request that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key; 1 to `limits.idempotency_key_bytes` visible characters.
    pub key: String,
    /// The SHA-256 of the request.
    pub fingerprint: Digest,
}

impl Engine {
    /// The key as it is kept: for an `agent` key under the sender's name, so that two agents with the same key and the same
    /// words do not stand in each other's way.
    pub(crate) fn idempotency(&self, caller: &Caller, draft: &Draft, key: IdempotencyKey) -> Result<Idempotency> {
        let max = self.inner.policy.limits.idempotency_key_bytes;
        let IdempotencyKey { key, fingerprint } = key;
        if key.is_empty() || key.len() > max || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = format!("must be 1 to {max} visible ASCII characters");
            return Err(Refusal::field(Code::InvalidField, "Idempotency-Key", why).into());
        }
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
