//! Pushing to whoever is next in the queue, so many at a time.

use std::sync::Arc;

use super::Pusher;
use super::attempt::Attempts;
use super::queue::{Queue, Slot};
use crate::Result;
use crate::job::Stepped;
use crate::shared::{Lifecycle, Shared};

/// Pushes to those in the queue, each in a task of its own.
pub(in crate::job) struct Dispatcher {
    queue: Arc<Queue>,
    concurrency: usize,
    concurrency_per_host: usize,
    attempts: Option<Arc<Attempts>>,
    lifecycle: Lifecycle,
}

impl Dispatcher {
    /// Without a pusher nobody is pushed to.
    pub(in crate::job) fn new(shared: &Shared, pusher: Option<Arc<dyn Pusher>>) -> Self {
        let config = &shared.config.webhooks;
        Self {
            queue: Arc::clone(shared.pushes.queue()),
            concurrency: config.concurrency,
            concurrency_per_host: config.concurrency_per_host,
            attempts: pusher.map(|pusher| Arc::new(Attempts::new(shared, pusher))),
            lifecycle: shared.lifecycle.clone(),
        }
    }

    /// Begins as many pushes as it may, then waits until somebody is added or a push has ended.
    pub(in crate::job) async fn step(&self) -> Result<Stepped> {
        while let Some((attempts, slot)) = self.next() {
            let abandon = self.lifecycle.abandon.clone();
            self.lifecycle.tasks.spawn(async move {
                tokio::select! {
                    () = attempts.push_to(slot) => {}
                    () = abandon.cancelled() => {}
                }
            });
        }
        self.queue.changed().await;
        Ok(Stepped::More)
    }

    /// Pushes one message to the next in the queue, and waits for what comes of it.
    pub(in crate::job) async fn one(&self) -> Stepped {
        let Some((attempts, slot)) = self.next() else { return Stepped::Idle };
        attempts.push_to(slot).await;
        Stepped::More
    }

    fn next(&self) -> Option<(Arc<Attempts>, Slot)> {
        let attempts = self.attempts.as_ref()?;
        let slot = self.queue.next(self.concurrency, self.concurrency_per_host)?;
        Some((Arc::clone(attempts), slot))
    }
}
