//! Health: whether requests should come here, and what an operator wants to know.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::view::{Check, Ready, Status};

use crate::{Engine, Result};

/// How long the store may take to answer that it is there.
const TIMEOUT: Duration = Duration::from_secs(2);

fn ok() -> Check {
    Check { status: Status::Ok, detail: None }
}

fn degraded(why: String) -> Check {
    Check { status: Status::Degraded, detail: Some(why) }
}

fn down(detail: impl Into<String>) -> Check {
    Check { status: Status::Down, detail: Some(detail.into()) }
}

impl Engine {
    /// Looks at every part; takes at most two seconds.
    pub async fn ready(&self) -> Ready {
        let store = match tokio::time::timeout(TIMEOUT, self.inner.store.ping()).await {
            Ok(Ok(())) => ok(),
            Ok(Err(error)) => down(error.to_string()),
            Err(_) => down(format!("no answer in {} s", TIMEOUT.as_secs())),
        };
        let broker = match self.inner.broker.status() {
            broker::Status::Ok => ok(),
            broker::Status::Degraded(why) => degraded(why),
        };
        let ephemeral = match self.inner.ephemeral.status() {
            ephemeral::Status::Ok => ok(),
            ephemeral::Status::Degraded(why) => degraded(why),
        };
        let draining = if self.inner.draining.is_cancelled() { down("shutting down") } else { ok() };
        let checks =
            BTreeMap::from([("store", store), ("broker", broker), ("ephemeral", ephemeral), ("draining", draining)]);
        let ready = checks.values().all(|check| check.status != Status::Down);
        Ready { ready, checks }
    }

    /// Deliveries in each state, in every tenant, by `State::ALL`.
    pub async fn counts(&self) -> Result<[i64; 6]> {
        Ok(self.inner.store.all_counts().await?)
    }

    /// What waits in each queue: the committer's and the workers'; the latter are left out while the broker is away.
    pub async fn queue_depths(&self) -> Vec<(String, i64)> {
        let mut depths = self.inner.broker.depths().await.unwrap_or_default();
        depths.push(("commit".to_owned(), self.inner.store.queue_depth() as i64));
        depths
    }

    /// Where each tenant's log ends.
    pub async fn heads(&self) -> Result<Vec<(String, i64)>> {
        Ok(self.inner.store.heads().await?.into_iter().map(|(_, name, seq)| (name, seq)).collect())
    }

    /// Long polls that wait, and streams that are open.
    pub fn waiting(&self) -> (usize, usize) {
        self.inner.waiters.counts()
    }
}
