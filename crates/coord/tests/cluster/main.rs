//! The whole API suite, unchanged, over three API processes and two workers on PostgreSQL, RabbitMQ and Redis.

#![cfg(test)]

mod place;

#[path = "../../../server/tests/http/agent.rs"]
mod agent;
#[path = "../../../server/tests/http/attachment.rs"]
mod attachment;
#[path = "../../../server/tests/http/authority.rs"]
mod authority;
#[path = "../../../server/tests/http/bad_input.rs"]
mod bad_input;
#[path = "../../../server/tests/http/contract.rs"]
mod contract;
#[path = "../../../server/tests/http/cursors.rs"]
mod cursors;
#[path = "../../../server/tests/http/docs.rs"]
mod docs;
#[path = "../../../server/tests/http/event.rs"]
mod event;
#[path = "../../../server/tests/http/gate.rs"]
mod gate;
#[path = "../../../server/tests/http/health.rs"]
mod health;
#[path = "../../../server/tests/http/hostile.rs"]
mod hostile;
#[path = "../../../server/tests/http/inbox.rs"]
mod inbox;
#[path = "../../../server/tests/http/key.rs"]
mod key;
#[path = "../../../server/tests/http/message.rs"]
mod message;
#[path = "../../../server/tests/http/open.rs"]
mod open;
#[path = "../../../server/tests/http/problem.rs"]
mod problem;
#[path = "../../../server/tests/http/rate.rs"]
mod rate;
#[path = "../../../server/tests/http/stream.rs"]
mod stream;
#[path = "../../../server/tests/http/suite.rs"]
mod suite;
#[path = "../../../server/tests/http/tenant.rs"]
mod tenant;
#[path = "../../../server/tests/http/webhook.rs"]
mod webhook;
#[path = "../../../server/tests/http/world.rs"]
mod world;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::place::Place;

/// How long one case may take, the start of processes with another configuration included.
const CASE_MAX: Duration = Duration::from_secs(90);

/// Runs every case over one cluster, one after the other, and names all that do not hold.
macro_rules! over_a_cluster {
    ($($file:ident: [$($case:ident),+ $(,)?],)+) => {
        async fn broken(place: &Arc<Place>) -> Vec<&'static str> {
            let mut broken = Vec::new();
            $($({
                let own = Arc::clone(place);
                let run = async move { tokio::time::timeout(CASE_MAX, crate::$file::$case(&own)).await };
                if !holds(run).await {
                    broken.push(concat!(stringify!($file), "::", stringify!($case)));
                }
            })+)+
            broken
        }
    };
}

suite::api_suite!(over_a_cluster);

/// Whether a case ends in time without a panic.
async fn holds(run: impl Future<Output = Result<(), tokio::time::error::Elapsed>> + Send + 'static) -> bool {
    let mut running = JoinSet::new();
    running.spawn(run);
    matches!(running.join_next().await, Some(Ok(Ok(()))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_api_suite_holds_over_a_cluster() {
    let place = Arc::new(Place::start());
    let broken = broken(&place).await;
    assert_eq!(broken, Vec::<&str>::new(), "cases that do not hold over a cluster; the logs:\n{}", place.log());
}
