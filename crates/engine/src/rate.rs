//! Rate limits: how many requests a tenant and a key may make.

use domain::Refusal;
use domain::key::Caller;
use domain::refusal::Code;
use ephemeral::{Admission, Scope};

use crate::Engine;

/// What became of a request at each limit that is set: none, one or two of `key` and `tenant`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admitted(pub Vec<(&'static str, Admission)>);

impl Admitted {
    /// Why the request may not pass; none: it may.
    pub fn refusal(&self) -> Option<Refusal> {
        let (whose, admission) = self.0.iter().find(|(_, admission)| !admission.allowed)?;
        let detail = format!("This {whose} may make {} requests, and has made them.", admission.rate);
        let refusal = Refusal::new(Code::RateLimited, detail).with_remedy("Come again after the time that is given.");
        Some(refusal.retry_after(admission.retry_after.unwrap_or_default()))
    }
}

impl Engine {
    /// Whether any rate is limited.
    pub fn limits_rates(&self) -> bool {
        let limits = &self.config().limits;
        limits.rate_per_key.is_some() || limits.rate_per_tenant.is_some()
    }

    /// Counts a request against its key's limit and, where it passes that, against its tenant's.
    pub(crate) async fn admit(&self, caller: &Caller) -> Admitted {
        let limits = &self.config().limits;
        let key = caller.key.clone().map(|key| Scope::Key(caller.tenant, key));
        let own = limits.rate_per_key.zip(key).map(|(rate, scope)| ("key", rate, scope));
        let all = limits.rate_per_tenant.map(|rate| ("tenant", rate, Scope::Tenant(caller.tenant)));
        let mut admitted = Admitted::default();
        for (whose, rate, scope) in own.into_iter().chain(all) {
            let admission = self.inner.ephemeral.admit(&scope, rate, self.now()).await;
            admitted.0.push((whose, admission));
            if !admission.allowed {
                break;
            }
        }
        admitted
    }
}
