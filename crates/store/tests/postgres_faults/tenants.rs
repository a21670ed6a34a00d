//! Tenants that several processes make at once, as those do that start together on an empty database.

use std::collections::BTreeSet;

use store::conformance::world::NOW;
use testkit::postgres::Postgres;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::{SOON, database, stores};

const PROCESSES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_make_tenants_at_once_make_each_one_once() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    let stores = stores(&database(&postgres), PROCESSES).await;
    for round in 0..20 {
        let mut running = JoinSet::new();
        for (number, store) in stores.iter().cloned().enumerate() {
            running.spawn(async move {
                let shared = store.ensure_tenant(&format!("shared-{round}"), NOW).await.expect("a tenant");
                let own = store.ensure_tenant(&format!("own-{round}-{number}"), NOW).await.expect("a tenant");
                (shared, own)
            });
        }
        let made = timeout(SOON, running.join_all()).await.expect("in time");
        let shared: BTreeSet<_> = made.iter().map(|(shared, _)| shared.0).collect();
        let own: BTreeSet<_> = made.iter().map(|(_, own)| own.0).collect();
        assert_eq!((shared.len(), own.len()), (1, PROCESSES), "{made:?}");
    }
}
