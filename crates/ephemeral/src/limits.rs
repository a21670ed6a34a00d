//! Rate limits: the generic cell rate algorithm, which remembers one time for each limited thing: when all that it has asked
//! for will have been made up for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::{Span, TenantId, Time};

use crate::Rate;

/// Limited things that are remembered; beyond, those that are made up for are forgotten, or all of them.
const REMEMBERED_MAX: usize = 100_000;

/// What is limited.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All requests of a tenant.
    Tenant(TenantId),
    /// The requests that come with one of a tenant's keys, by the key's id.
    Key(TenantId, String),
}

/// What became of a request at a limit; what `RateLimit`, `RateLimit-Policy` and `Retry-After` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The limit.
    pub rate: Rate,
    /// Whether it may pass.
    pub allowed: bool,
    /// How many more may come at once.
    pub remaining: u32,
    /// The time until as many may come at once as ever.
    pub reset: Span,
    /// Where it may not pass: the time after which one may.
    pub retry_after: Option<Span>,
}

impl Admission {
    /// Shapes the answer from how much time is still to be made up for, this request included where it passed.
    pub(crate) fn of(rate: Rate, allowed: bool, backlog: Span) -> Self {
        let (room, interval) = (rate.window().0 - backlog.0, rate.interval());
        let remaining = u32::try_from(room.max(0) / interval).unwrap_or(u32::MAX).min(rate.quota());
        let retry_after = (!allowed).then(|| Span((interval - room).max(1)));
        Self { rate, allowed, remaining: if allowed { remaining } else { 0 }, reset: backlog, retry_after }
    }
}

/// When each limited thing will have made up for what it has asked for.
#[derive(Default)]
pub(crate) struct Limits {
    made_up: Mutex<HashMap<Scope, Time>>,
}

impl Limits {
    /// Lets a request of this scope pass, or not.
    pub(crate) fn admit(&self, scope: &Scope, rate: Rate, now: Time) -> Admission {
        let mut made_up = self.made_up.lock().unwrap_or_else(PoisonError::into_inner);
        let before = made_up.get(scope).copied().unwrap_or(now).max(now);
        let after = before.plus(Span(rate.interval()));
        if after.since(now) > rate.window() {
            return Admission::of(rate, false, before.since(now));
        }
        if made_up.len() >= REMEMBERED_MAX && !made_up.contains_key(scope) {
            made_up.retain(|_, time| *time > now);
            if made_up.len() >= REMEMBERED_MAX {
                made_up.clear();
            }
        }
        made_up.insert(scope.clone(), after);
        Admission::of(rate, true, after.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_s_worth_passes_at_once_and_then_evenly() {
        let (limits, rate) = (Limits::default(), "10/s".parse().unwrap());
        let scope = Scope::Key(TenantId::DEFAULT, "k".to_owned());
        let start = Time::from_millis(1_000_000);
        for left in (0..10).rev() {
            let admission = limits.admit(&scope, rate, start);
            assert_eq!((admission.allowed, admission.remaining, admission.retry_after), (true, left, None));
        }
        let refused = limits.admit(&scope, rate, start);
        assert_eq!((refused.allowed, refused.remaining), (false, 0));
        assert_eq!((refused.retry_after, refused.reset), (Some(Span::from_millis(100)), Span::from_secs(1)));
        let later = start.plus(Span::from_millis(100));
        assert!(limits.admit(&scope, rate, later).allowed);
        assert!(!limits.admit(&scope, rate, later).allowed);
        assert_eq!(limits.admit(&scope, rate, start.plus(Span::from_secs(60))).remaining, 9);
    }

    #[test]
    fn scopes_are_limited_each_by_itself() {
        let (limits, rate, now) = (Limits::default(), "1/h".parse().unwrap(), Time(1));
        let other = TenantId(2);
        for scope in [Scope::Tenant(TenantId::DEFAULT), Scope::Tenant(other), Scope::Key(other, "1".to_owned())] {
            assert!(limits.admit(&scope, rate, now).allowed);
            assert!(!limits.admit(&scope, rate, now).allowed);
        }
    }
}
