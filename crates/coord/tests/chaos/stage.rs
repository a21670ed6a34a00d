//! The cluster that suffers, and how each fault is inflicted on it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use testkit::cluster::{Cluster, Engines, Size};
use testkit::coord::Coord;
use testkit::failure::Failure;
use testkit::postgres::Postgres;
use testkit::proxy::Proxy;
use testkit::rabbitmq::RabbitMq;
use testkit::redis::Redis;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

use crate::fault::Fault;
use crate::load::random::Random;

/// How long a process that is asked to end may take.
const END_MAX: Duration = Duration::from_secs(40);

/// RabbitMQ 3.10 can lose the leader of a quorum queue for good when it is killed within seconds of the queue's making.
const SETTLED: Duration = Duration::from_secs(5);

/// Three API processes, two workers, the engines, and a wire to PostgreSQL that can be broken.
pub(crate) struct Stage {
    /// The processes.
    pub(crate) cluster: Cluster,
    postgres: Postgres,
    wire: Proxy,
    redis: Redis,
    /// Held by whoever starts it again: that takes longer than anything else.
    rabbitmq: Arc<Mutex<RabbitMq>>,
    mending: JoinSet<()>,
}

impl Stage {
    /// Starts everything.
    pub(crate) async fn start() -> Self {
        let engines = block_in_place(Engines::start).unwrap();
        let wire = Proxy::start(engines.postgres.address()).await.unwrap();
        let mut environment = engines.installation("chaos").unwrap();
        for (name, value) in &mut environment {
            if name == "DATABASE_URL" {
                *value = value.replace(&engines.postgres.address().to_string(), &wire.address().to_string());
            }
        }
        let more = [
            ("COORDINATION__LIMITS__INLINE_RECIPIENTS", "2"),
            ("COORDINATION__DELIVERY__MAX_ATTEMPTS", "1000"),
            ("COORDINATION__SERVER__DRAIN_DELAY", "1s"),
            ("COORDINATION__SERVER__SHUTDOWN_GRACE", "20s"),
            ("COORDINATION__LOGGING__LEVEL", "WARN"),
        ];
        environment.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let start = || Cluster::start(env!("CARGO_BIN_EXE_coord"), &environment, Size::default());
        let cluster = block_in_place(start).unwrap();
        // pace: RabbitMQ 3.10 may lose a queue that is killed within seconds of its declaration
        sleep(SETTLED).await;
        let Engines { postgres, rabbitmq, redis, .. } = engines;
        let rabbitmq = Arc::new(Mutex::new(rabbitmq));
        Self { cluster, postgres, wire, redis, rabbitmq, mending: JoinSet::new() }
    }

    /// Lets something go wrong, and puts it right after a while; only RabbitMQ comes back later by itself.
    pub(crate) async fn inflict(&mut self, fault: Fault, random: &mut Random) {
        let while_away = Duration::from_millis(random.below(2_000));
        let any = random.below(6) as usize;
        match fault {
            Fault::KillApi => kill(any_of(&mut self.cluster.apis, any), while_away).await,
            Fault::KillWorker => kill(any_of(&mut self.cluster.workers, any), while_away).await,
            Fault::StopApi => stop(any_of(&mut self.cluster.apis, any)),
            Fault::KillRabbitMq => self.kill_rabbitmq(while_away),
            Fault::PurgeRabbitMq => self.purge_rabbitmq(),
            Fault::KillRedis => {
                self.redis.daemon.kill9();
                // pace: how long it is away, under load
                sleep(while_away).await;
                block_in_place(|| self.redis.daemon.restart()).unwrap();
            }
            Fault::FlushRedis => block_in_place(|| self.redis.flush()).unwrap(),
            Fault::KillPostgres => {
                block_in_place(|| self.postgres.daemon.kill9());
                // pace: how long it is away, under load
                sleep(while_away).await;
                block_in_place(|| self.postgres.daemon.restart()).unwrap();
            }
            Fault::CutPostgres => self.wire.cut().await,
            Fault::StallPostgres => {
                self.wire.stall();
                self.restore_wire(while_away).await;
            }
            Fault::LoseAnswers => {
                self.wire.lose_answers();
                // pace: how long answers are lost, under load
                sleep(while_away / 4).await;
                self.wire.cut().await;
                self.restore_wire(Duration::ZERO).await;
            }
            Fault::RefusePostgres => {
                self.wire.refuse().await;
                self.restore_wire(while_away).await;
            }
        }
    }

    /// Waits until everything is back.
    pub(crate) async fn mend(&mut self) {
        while let Some(mended) = self.mending.join_next().await {
            mended.unwrap();
        }
    }

    async fn restore_wire(&mut self, after: Duration) {
        // pace: how long the wire is broken, under load
        sleep(after).await;
        self.wire.restore().await.unwrap();
    }

    fn kill_rabbitmq(&mut self, while_away: Duration) {
        let rabbitmq = Arc::clone(&self.rabbitmq);
        self.mending.spawn(async move {
            let restarted = tokio::task::spawn_blocking(move || {
                let mut rabbitmq = rabbitmq.lock().unwrap_or_else(PoisonError::into_inner);
                rabbitmq.daemon.kill9();
                testkit::process::poll(while_away, || false);
                rabbitmq.daemon.restart()
            });
            restarted.await.unwrap().unwrap();
        });
    }

    fn purge_rabbitmq(&mut self) {
        let rabbitmq = Arc::clone(&self.rabbitmq);
        self.mending.spawn(async move {
            let purged = tokio::task::spawn_blocking(move || -> Result<(), Failure> {
                rabbitmq.lock().unwrap_or_else(PoisonError::into_inner).purge()
            });
            purged.await.unwrap().unwrap();
        });
    }
}

fn any_of(processes: &mut [Coord], any: usize) -> &mut Coord {
    let count = processes.len();
    &mut processes[any % count]
}

async fn kill(process: &mut Coord, while_away: Duration) {
    block_in_place(|| process.daemon.kill9());
    // pace: how long it is away, under load
    sleep(while_away).await;
    block_in_place(|| process.daemon.restart()).unwrap();
}

fn stop(process: &mut Coord) {
    block_in_place(|| process.daemon.stop(END_MAX)).unwrap();
    block_in_place(|| process.daemon.restart()).unwrap();
}
