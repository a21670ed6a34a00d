//! The loops behind the verbs. Each is a step, called by tests as it is and by one short loop in production; a bell hurries
//! it, and without the bell it looks by itself.

use std::time::Duration;

use crate::{Engine, Result, Role};

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

/// When a loop that has nothing to do looks again.
#[derive(Clone, Copy)]
enum Pace {
    /// After this time.
    Every(Duration),
    /// When there are tasks, and now and then.
    Tasks,
}

const TIMERS: Duration = Duration::from_millis(100);
const INDEXER: Duration = Duration::from_millis(500);
const SWEEPER: Duration = Duration::from_secs(60);
const ARCHIVER: Duration = Duration::from_secs(5);
const TRIMMER: Duration = Duration::from_secs(60);
/// Between two looks for tasks where every process tells.
const TOLD: Duration = Duration::from_millis(500);
/// Between two looks for tasks where other processes do not tell.
const UNTOLD: Duration = Duration::from_millis(100);

/// After a ring, what comes within this time is done in the same step.
const GATHER: Duration = Duration::from_millis(5);

impl Engine {
    pub(crate) fn run_in_background(&self, role: Role) {
        if role.works() {
            self.run("timers", Pace::Every(TIMERS), |engine| async move { engine.timers_step().await });
            self.run("indexer", Pace::Every(INDEXER), |engine| async move { engine.indexer_step().await });
            self.run("sweeper", Pace::Every(SWEEPER), |engine| async move { engine.sweeper_step().await });
            self.run("archiver", Pace::Every(ARCHIVER), |engine| async move { engine.archiver_step().await });
            self.run("trimmer", Pace::Every(TRIMMER), |engine| async move { engine.trimmer_step().await });
            for _ in 0..self.config().worker.concurrency {
                self.work_in_background();
            }
            self.push_in_background();
        }
        if role.relays(&self.inner.broker) {
            self.run("relay", Pace::Tasks, |engine| async move { engine.relay_step().await });
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
        self.run("push look", Pace::Every(crate::push::LOOK), |engine| async move { engine.push_look_step().await });
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = engine.push() => {}
                () = engine.inner.draining.cancelled() => {}
            }
        });
    }

    /// Calls a step again and again until the engine stops: at once while there is more, else at its pace.
    fn run<F>(&self, name: &'static str, pace: Pace, step: impl Fn(Self) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<Stepped>> + Send,
    {
        let engine = self.clone();
        let serve = async move {
            let mut failures = 0;
            loop {
                match step(engine.clone()).await {
                    Ok(Stepped::More) => failures = 0,
                    Ok(Stepped::Idle) => {
                        failures = 0;
                        engine.rest(pace).await;
                    }
                    Err(error) => {
                        failures += 1;
                        tracing::warn!(step = name, %error, failures, "a background step failed and is repeated");
                        tokio::time::sleep(pause(failures)).await;
                    }
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

    /// Waits for the next step of a loop that has nothing to do.
    async fn rest(&self, pace: Pace) {
        let look = match pace {
            Pace::Every(look) => return tokio::time::sleep(look).await,
            // Others send too, and nobody tells.
            Pace::Tasks if self.inner.store.is_shared() && !self.inner.ephemeral.hears_others() => UNTOLD,
            Pace::Tasks => TOLD,
        };
        tokio::select! {
            () = tokio::time::sleep(look) => {}
            () = self.inner.ephemeral.tasks() => tokio::time::sleep(GATHER).await,
            () = self.late_lane() => {}
        }
    }
}
