//! The jobs behind the verbs. A job is a struct that is given what it needs when it is made, and a step: tests call the step as
//! it is, and in production one loop (`run.rs`) calls all of them. A notification only brings the next step forward; without
//! one a job polls.

mod adopter;
mod archiver;
mod elected;
mod fan_out;
mod indexer;
mod invalidator;
pub(crate) mod push;
mod relay;
mod run;
mod sweeper;
mod timers;
mod trimmer;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use blobs::Objects;
use ephemeral::Ephemeral;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::shared::{Lifecycle, Shared};
use crate::{Engine, Pusher, Result};

use elected::{ElectedJob, elections};
pub(crate) use invalidator::Invalidator;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// There is more to do at once.
    More,
    /// There is nothing to do until the next notification or poll.
    Idle,
}

/// When a job that has nothing to do takes its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// After this time.
    Every(Duration),
    /// When there are tasks to publish, and now and then.
    Tasks,
    /// At once: its step waits by itself.
    Waits,
    /// At once, in `worker.concurrency` loops: its step waits for tasks by itself.
    Workers,
}

/// Which processes run a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunBy {
    /// Every process.
    All,
    /// Those that work on tasks and do what is due.
    Workers,
    /// Those whose tasks reach a worker.
    Publishers,
}

/// When a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// When the engine stops, in the middle of a step.
    Stopped,
    /// When the engine drains, in the middle of a step.
    Draining,
    /// When the engine drains, after the step that is being taken; in the middle of it where that takes longer than the grace.
    Finished,
}

/// One line of the table.
struct Entry {
    name: &'static str,
    pace: Pace,
    run_by: RunBy,
    until: Until,
    step: fn(&Jobs) -> BoxFuture<'_, Result<Stepped>>,
}

const fn entry(
    name: &'static str,
    pace: Pace,
    run_by: RunBy,
    until: Until,
    step: fn(&Jobs) -> BoxFuture<'_, Result<Stepped>>,
) -> Entry {
    Entry { name, pace, run_by, until, step }
}

const fn every(millis: u64) -> Pace {
    Pace::Every(Duration::from_millis(millis))
}

/// Every job: how often it steps, which processes run it, when it ends.
static JOBS: [Entry; 11] = [
    entry("relay", Pace::Tasks, RunBy::Publishers, Until::Stopped, |jobs| jobs.relay.step().boxed()),
    entry("worker", Pace::Workers, RunBy::Workers, Until::Finished, |jobs| jobs.worker.step().boxed()),
    entry("timers", every(100), RunBy::Workers, Until::Stopped, |jobs| jobs.timers.step().boxed()),
    entry("sweeper", every(60_000), RunBy::Workers, Until::Stopped, |jobs| jobs.sweeper.step().boxed()),
    entry("adopter", every(5_000), RunBy::Workers, Until::Stopped, |jobs| jobs.adopter.step().boxed()),
    entry("indexer", every(500), RunBy::Workers, Until::Stopped, |jobs| jobs.indexer.step().boxed()),
    entry("archiver", every(5_000), RunBy::Workers, Until::Stopped, |jobs| jobs.archiver.step().boxed()),
    entry("trimmer", every(60_000), RunBy::Workers, Until::Stopped, |jobs| jobs.trimmer.step().boxed()),
    entry("push poll", every(1_000), RunBy::Workers, Until::Stopped, |jobs| jobs.push_poll.step().boxed()),
    entry("push", Pace::Waits, RunBy::Workers, Until::Draining, |jobs| jobs.push.step().boxed()),
    entry("invalidator", Pace::Waits, RunBy::All, Until::Stopped, |jobs| jobs.invalidator.step().boxed()),
];

/// The jobs of one engine, and what the loop needs that runs them.
pub(crate) struct Jobs {
    relay: relay::Relay,
    worker: worker::Worker,
    timers: timers::Timers,
    sweeper: sweeper::Sweeper,
    adopter: adopter::Adopter,
    indexer: indexer::Indexer,
    archiver: archiver::Archiver,
    trimmer: trimmer::Trimmer,
    push_poll: push::PushPoll,
    push: push::Dispatcher,
    invalidator: Invalidator,
    elected: [Arc<ElectedJob>; 3],
    lifecycle: Lifecycle,
    ephemeral: Ephemeral,
    /// Whether other processes send into the same store.
    is_shared: bool,
    worker_loops: usize,
}

impl Jobs {
    /// Makes every job; none of them steps by itself until [`Jobs::start`].
    pub(crate) fn new(
        shared: &Shared,
        invalidator: Invalidator,
        objects: Option<Objects>,
        pusher: Option<Arc<dyn Pusher>>,
    ) -> Result<Self> {
        let Shared { store, broker, clock, config, lifecycle, directories, writer, pushes, .. } = shared;
        let [relay, timers, indexer] = elections(store, clock)?;
        let worker = {
            let fan_out = fan_out::FanOut::new(store.clone(), Arc::clone(directories), Arc::clone(writer));
            worker::Worker::new(broker.clone(), fan_out, Arc::clone(pushes), lifecycle.draining.clone())
        };
        let has_archive = objects.is_some();
        let due = || Arc::clone(&timers);
        Ok(Self {
            relay: relay::Relay::new(
                store.clone(),
                broker.clone(),
                clock.clone(),
                Arc::clone(&relay),
                lifecycle.clone(),
            ),
            worker,
            timers: timers::Timers::new(
                store.clone(),
                clock.clone(),
                Arc::clone(directories),
                Arc::clone(writer),
                due(),
            ),
            sweeper: sweeper::Sweeper::new(shared, due()),
            adopter: adopter::Adopter::new(store.clone(), clock.clone(), Arc::clone(writer), due()),
            indexer: indexer::Indexer::new(store.clone(), Arc::clone(&indexer)),
            archiver: archiver::Archiver::new(store.clone(), objects, clock.clone(), config.archive.clone(), due()),
            trimmer: trimmer::Trimmer::new(store.clone(), clock.clone(), config.retention.clone(), has_archive, due()),
            push_poll: push::PushPoll::new(store.clone(), clock.clone(), Arc::clone(directories), Arc::clone(pushes)),
            push: push::Dispatcher::new(shared, pusher),
            invalidator,
            elected: [relay, timers, indexer],
            lifecycle: lifecycle.clone(),
            ephemeral: shared.ephemeral.clone(),
            is_shared: store.is_shared(),
            worker_loops: config.worker.concurrency,
        })
    }

    /// Leaves to other processes what only one of them does, as far as it has come here.
    pub(crate) async fn hand_over(&self) -> Result<()> {
        let written = self.relay.write_down_all().await;
        for job in &self.elected {
            job.resign_if_held().await?;
        }
        written
    }

    /// Segments of a log that were not archived, so far.
    pub(crate) fn archive_failures(&self) -> u64 {
        self.archiver.failures()
    }
}

/// The steps, for tests and whoever else opens an engine without its loops.
impl Engine {
    /// Publishes the messages that came since the last step, where this process is elected to. Where its broker takes nothing,
    /// it resigns for a while; where a lane takes nothing, the others go on.
    pub async fn relay_step(&self) -> Result<Stepped> {
        self.inner.jobs.relay.step().await
    }

    /// Takes the next tasks and works on them; waits for the first. One that fails keeps none of the others waiting: it comes
    /// again, and goes to the dead letters when it fails too often.
    pub async fn worker_step(&self) -> Result<Stepped> {
        self.inner.jobs.worker.step().await
    }

    /// Does what is due now, in one of all processes at a time. Time lives in the store, so a restart forgets nothing, and two
    /// that do so at once do it once.
    pub async fn timers_step(&self) -> Result<Stepped> {
        self.inner.jobs.timers.step().await
    }

    /// Finds again the fan-outs whose task was lost, and forgets idempotency keys whose time has passed; in the process that has
    /// the timers.
    pub async fn sweeper_step(&self) -> Result<Stepped> {
        self.inner.jobs.sweeper.step().await
    }

    /// Gives requests that were sent before decisions were kept their decisions, as their threads tell; in the process that has
    /// the timers.
    pub async fn adopter_step(&self) -> Result<Stepped> {
        self.inner.jobs.adopter.step().await
    }

    /// Indexes a part of every tenant that is behind. While changes wait to be committed it leaves the processor to them: a
    /// search that cannot wait catches up by itself.
    pub async fn indexer_step(&self) -> Result<Stepped> {
        self.inner.jobs.indexer.step().await
    }

    /// Archives one segment of each tenant that has one, in the process that has the timers. Any number of these may run, and
    /// each may be ended at any moment: the store holds which segment is next and whether it is written.
    pub async fn archiver_step(&self) -> Result<Stepped> {
        self.inner.jobs.archiver.step().await
    }

    /// Takes one step with each tenant: moves the beginning of its log, then removes messages before it that are over; in the
    /// process that has the timers.
    pub async fn trimmer_step(&self) -> Result<Stepped> {
        self.inner.jobs.trimmer.step().await
    }

    /// Polls for whom to push to, and pushes one message to the next of them.
    pub async fn push_step(&self) -> Result<Stepped> {
        self.inner.jobs.push_poll.step().await?;
        Ok(self.inner.jobs.push.one().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    fn run_by(role: Role, broker_is_shared: bool) -> Vec<&'static str> {
        JOBS.iter().filter(|job| job.run_by.includes(role, broker_is_shared)).map(|job| job.name).collect()
    }

    #[test]
    fn a_process_that_works_runs_every_job() {
        for role in [Role::All, Role::Worker] {
            assert_eq!(run_by(role, false).len(), JOBS.len(), "{role:?}");
        }
    }

    #[test]
    fn a_process_that_only_answers_requests_relays_where_its_tasks_reach_a_worker() {
        assert_eq!(run_by(Role::Api, false), ["invalidator"]);
        assert_eq!(run_by(Role::Api, true), ["relay", "invalidator"]);
    }
}
