//! Receives messages from the other processes.

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
/// After so long without a message, this process's own included, the connection counts as dead.
const SILENCE: Duration = Duration::from_secs(8);

/// Receives what other processes publish.
pub(super) struct Listener<'a> {
    pub(super) topology: &'a Topology,
    pub(super) channel: &'a str,
    /// The id of this process. Messages with it are its own and are ignored.
    pub(super) own: &'a str,
    pub(super) local: &'a Local,
    pub(super) listening: &'a AtomicBool,
}

impl Listener<'_> {
    /// Receives until it is told to stop, and reconnects whenever the connection ends.
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
                // Messages of the time without a connection are lost.
                self.local.invalidate_everything();
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.apply(subscribed) => {}
                }
                self.listening.store(false, Ordering::Release);
                // Subscribers wait for notifications that no longer come.
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

    /// Receives until the connection ends or nothing came for too long.
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
