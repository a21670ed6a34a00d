//! Listening to the other processes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::PubSub;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::pause;
use super::topology::Topology;
use crate::invalidation::Invalidation;
use crate::local::Local;

/// How long connecting and subscribing may take.
const CONNECT: Duration = Duration::from_secs(5);
/// After so long without a word, not even of this process's own, the connection is taken for dead.
const SILENCE: Duration = Duration::from_secs(8);

/// What one process hears.
pub(super) struct Listener<'a> {
    pub(super) topology: &'a Topology,
    pub(super) channel: &'a str,
    /// The name under which this process speaks: what it has said itself it knows already.
    pub(super) own: &'a str,
    pub(super) local: &'a Local,
    pub(super) listening: &'a AtomicBool,
}

impl Listener<'_> {
    /// Listens, and begins again whenever the connection ends, until told to stop.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        let mut attempt = 0;
        while !stop.is_cancelled() {
            let subscribed = tokio::select! {
                () = stop.cancelled() => return,
                subscribed = timeout(CONNECT, self.subscribe()) => subscribed,
            };
            if let Ok(Ok(subscribed)) = subscribed {
                attempt = 0;
                self.listening.store(true, Ordering::Release);
                // What was said in between was not heard.
                self.local.invalidate_everything();
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.apply(subscribed) => {}
                }
                self.listening.store(false, Ordering::Release);
                // Whoever waits counts on notifies that do not come any more.
                self.local.notify_all();
            }
            attempt += 1;
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause(attempt)) => {}
            }
        }
    }

    async fn subscribe(&self) -> redis::RedisResult<PubSub> {
        let mut listening = self.topology.listen().await?;
        listening.subscribe(self.channel).await?;
        Ok(listening)
    }

    /// Hears until the connection ends or is silent for too long.
    async fn apply(&self, mut subscribed: PubSub) {
        let mut messages = subscribed.on_message();
        while let Ok(Some(message)) = timeout(SILENCE, messages.next()).await {
            let text = message.get_payload::<String>().unwrap_or_default();
            let mut lines = text.lines();
            if lines.next() == Some(self.own) {
                continue;
            }
            for news in lines.filter_map(Invalidation::read) {
                self.local.apply(news);
            }
        }
    }
}
