//! What the cases share.

use std::time::Duration;

use domain::{AgentName, TenantId, Time};
use ephemeral::{Ephemeral, EphemeralConfig, Status};
use testkit::process::poll;
use testkit::redis::Redis;
use tokio::runtime::Handle;
use tokio::time::timeout;

pub(crate) const TENANT: TenantId = TenantId::DEFAULT;
pub(crate) const NOW: Time = Time::from_millis(1_800_000_000_000);
pub(crate) const SOON: Duration = Duration::from_secs(15);
pub(crate) const A_WHILE: Duration = Duration::from_millis(200);

pub(crate) fn agent(name: &str) -> AgentName {
    AgentName::stored(name.to_owned())
}

/// A private server.
pub(crate) fn redis() -> Redis {
    tokio::task::block_in_place(Redis::start).unwrap()
}

/// One process's share, connected.
pub(crate) fn process(url: &str) -> Ephemeral {
    let ephemeral = Ephemeral::redis(url, &EphemeralConfig::default()).unwrap();
    assert!(until(async || ephemeral.status() == Status::Ok), "{:?}", ephemeral.status());
    assert!(ephemeral.hears_others());
    ephemeral
}

pub(crate) fn is_degraded(ephemeral: &Ephemeral) -> bool {
    matches!(ephemeral.status(), Status::Degraded(_))
}

/// Waits until something is so, and says whether it came to be.
pub(crate) fn until(mut condition: impl AsyncFnMut() -> bool) -> bool {
    tokio::task::block_in_place(|| poll(SOON, || Handle::current().block_on(condition())))
}

/// Waits for something that is to come soon.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(SOON, what).await.expect("it comes soon")
}
