//! The loops behind the verbs. Each is a step, called by tests as it is and by one short loop in production; a bell hurries
//! it, and without the bell it looks by itself.

use std::time::Duration;

use tokio::sync::Notify;

use crate::{Engine, Result, Role};

/// A bell for one loop; a ring while it works is kept.
#[derive(Default)]
pub(crate) struct Signal(Notify);

impl Signal {
    /// Asks for another step.
    pub(crate) fn raise(&self) {
        self.0.notify_one();
    }
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// There is more to do at once.
    More,
    /// There is nothing to do until the next ring or look.
    Idle,
}

/// The pause after a step that failed: doubled with each failure in a row, up to 64 times.
const PAUSE: Duration = Duration::from_millis(250);

/// The pause after so many failures in a row.
pub(crate) fn pause(failures: u32) -> Duration {
    PAUSE * (1 << failures.min(6))
}

/// After a ring, what comes within this time is done in the same step.
const GATHER: Duration = Duration::from_millis(5);

impl Engine {
    pub(crate) fn run_in_background(&self, role: Role) {
        if role.works() {
            let timers = Duration::from_millis(100);
            self.run("timers", timers, None, |engine| async move { engine.timers_step().await });
            let indexer = Duration::from_millis(500);
            self.run("indexer", indexer, None, |engine| async move { engine.indexer_step().await });
            self.run("sweeper", Duration::from_secs(60), None, |engine| async move { engine.sweeper_step().await });
            let archiver = Duration::from_secs(5);
            self.run("archiver", archiver, None, |engine| async move { engine.archiver_step().await });
            self.run("trimmer", Duration::from_secs(60), None, |engine| async move { engine.trimmer_step().await });
            for _ in 0..self.config().worker.concurrency {
                self.work_in_background();
            }
            self.push_in_background();
        }
        if role.relays(&self.inner.broker) {
            let signal: fn(&Self) -> &Signal = |engine| &engine.inner.relay;
            let look = Duration::from_secs(1);
            self.run("relay", look, Some(signal), |engine| async move { engine.relay_step().await });
        }
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = engine.hear_of_the_stale() => {}
                () = engine.inner.stop.cancelled() => {}
            }
        });
    }

    /// Works on tasks until the engine drains: what is in hand then is finished, unless it takes longer than the grace.
    fn work_in_background(&self) {
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = engine.work() => {}
                () = engine.inner.abandon.cancelled() => {}
            }
        });
    }

    /// Pushes to webhooks until the engine drains: what is under way then is finished, unless it takes longer than the grace.
    fn push_in_background(&self) {
        self.run("push look", crate::push::LOOK, None, |engine| async move { engine.push_look_step().await });
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = engine.push() => {}
                () = engine.inner.draining.cancelled() => {}
            }
        });
    }

    /// Calls a step again and again until the engine stops: at once while there is more, else on a ring or after `look`.
    fn run<F>(
        &self,
        name: &'static str,
        look: Duration,
        signal: Option<fn(&Self) -> &Signal>,
        step: impl Fn(Self) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<Stepped>> + Send,
    {
        let engine = self.clone();
        let serve = async move {
            let mut failures = 0;
            loop {
                let pause = match step(engine.clone()).await {
                    Ok(Stepped::More) => Duration::ZERO,
                    Ok(Stepped::Idle) => look,
                    Err(error) => {
                        failures += 1;
                        tracing::warn!(step = name, %error, failures, "a background step failed and is repeated");
                        tokio::time::sleep(pause(failures)).await;
                        continue;
                    }
                };
                failures = 0;
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = rung(&engine, signal) => tokio::time::sleep(GATHER).await,
                }
            }
        };
        let stopped = self.inner.stop.clone();
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = serve => {}
                () = stopped.cancelled() => {}
            }
        });
    }
}

async fn rung(engine: &Engine, signal: Option<fn(&Engine) -> &Signal>) {
    match signal {
        Some(signal) => signal(engine).0.notified().await,
        None => std::future::pending().await,
    }
}
