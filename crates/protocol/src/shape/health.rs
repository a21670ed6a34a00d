use crate::{Check, CheckStatus, ReadyStatus};
use domain::view::Status;

/// Whether requests should be sent here.
pub fn ready(ready: domain::view::Ready) -> crate::Ready {
    let checks = ready.checks.into_iter().map(|(name, check)| {
        let status = match check.status {
            Status::Ok => CheckStatus::Ok,
            Status::Degraded => CheckStatus::Degraded,
            Status::Down => CheckStatus::Failed,
        };
        (name.to_owned(), Check { status, detail: check.detail })
    });
    let checks: std::collections::BTreeMap<String, Check> = checks.collect();
    let whole = checks.values().all(|check| check.status == CheckStatus::Ok);
    let status = match (ready.ready, whole) {
        (false, _) => ReadyStatus::Unavailable,
        (true, true) => ReadyStatus::Ready,
        (true, false) => ReadyStatus::Degraded,
    };
    crate::Ready { status, checks }
}
