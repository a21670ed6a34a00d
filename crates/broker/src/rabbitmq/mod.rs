//! Queues in RabbitMQ: a quorum queue for each lane, a dead-letter exchange with its queue, and one connection that is made
//! again, at the next host, whenever it ends.

mod consume;
mod dead;
mod hosts;
mod link;
mod payload;
mod prefetch;
mod publisher;
mod reactor;
mod tls;
mod topology;
mod wire;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lapin::uri::AMQPScheme;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::broker::Status;
use crate::queues::lanes;
use crate::{BrokerConfig, Error, Task, TaskGuard, UrlError};
use consume::{Consuming, Denied};
use link::Link;
use prefetch::Prefetch;
use tls::Tls;
use topology::Topology;

pub(crate) use hosts::Hosts;
pub(crate) use prefetch::Batch;

/// How long the first connection is waited for before publishing fails.
const START: Duration = Duration::from_secs(2);
/// The pause before the second attempt at a host; doubled with each round over the hosts.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A connection that lasted this long was a good one.
const GOOD: Duration = Duration::from_secs(10);
/// How long what workers still have in hand is waited for at the end.
const LAST: Duration = Duration::from_secs(2);

/// Queues in RabbitMQ. Cheap to clone; every clone is the same, and with the last one the connection ends.
#[derive(Clone)]
pub(crate) struct RabbitMq {
    inner: Arc<Inner>,
    tasks: TaskTracker,
    _end: Arc<DropGuard>,
}

struct Inner {
    hosts: Hosts,
    tls: Option<Tls>,
    topology: Topology,
    prefetch: u16,
    state: watch::Sender<State>,
    /// Whether anybody has asked for tasks.
    wanted: watch::Sender<bool>,
    prefetched: Prefetch,
    denied: Denied,
    stop: CancellationToken,
}

enum State {
    Starting,
    Up(Arc<Link>),
    Down(String),
}

impl RabbitMq {
    pub(crate) fn start(url: &str, config: &BrokerConfig) -> Result<Self, UrlError> {
        let stop = CancellationToken::new();
        let hosts = Hosts::parse(url)?;
        let tls = hosts.any_encrypted().then(|| Tls::trusting(config.tls_ca.as_deref())).transpose()?;
        let inner = Arc::new(Inner {
            hosts,
            tls,
            topology: Topology::of(config),
            prefetch: config.prefetch,
            state: watch::Sender::new(State::Starting),
            wanted: watch::Sender::new(false),
            prefetched: Prefetch::default(),
            denied: Denied::default(),
            stop: stop.clone(),
        });
        let tasks = TaskTracker::new();
        tasks.spawn(keep(Arc::clone(&inner)));
        tasks.close();
        Ok(Self { inner, tasks, _end: Arc::new(stop.drop_guard()) })
    }

    pub(crate) async fn publish(&self, tasks: &[Task]) -> Result<(), Error> {
        if tasks.is_empty() {
            return Ok(());
        }
        let link = self.link().await?;
        let topology = &self.inner.topology;
        let lanes = payload::pack(tasks).into_iter().map(|(lane, bytes)| {
            let link = &link;
            async move { link.publish(lane, &bytes, topology).await }
        });
        join_all(lanes).await.into_iter().collect()
    }

    pub(crate) async fn take(&self, max: usize) -> Vec<TaskGuard> {
        self.inner.wanted.send_if_modified(|wanted| !std::mem::replace(wanted, true));
        self.inner.prefetched.take(max).await
    }

    /// How many messages wait in each lane, and how many dead letters there are.
    pub(crate) async fn depths(&self) -> Result<([i64; 4], i64), Error> {
        let (link, topology) = (self.link().await?, &self.inner.topology);
        let counting = async {
            let channel = link.connection.create_channel().await?;
            let mut waiting = [0; 4];
            for (index, lane) in lanes() {
                waiting[index] = dead::count(&channel, &topology.queue(lane)).await?;
            }
            let dead = dead::count(&channel, &topology.dead()).await?;
            channel.close(200, "done".into()).await?;
            Ok((waiting, dead))
        };
        link.ask(counting).await
    }

    pub(crate) fn status(&self) -> Status {
        match &*self.inner.state.borrow() {
            State::Up(link) if link.is_blocked() => Status::Degraded(SHORT.to_owned()),
            State::Up(link) => link.trouble().map_or(Status::Ok, Status::Degraded),
            State::Starting => Status::Degraded("still connecting".to_owned()),
            State::Down(why) => Status::Degraded(why.clone()),
        }
    }

    pub(crate) async fn close(&self) {
        self.inner.stop.cancel();
        self.tasks.wait().await;
    }

    /// The connection, once it is known whether there is one.
    async fn link(&self) -> Result<Arc<Link>, Error> {
        let mut state = self.inner.state.subscribe();
        let known = state.wait_for(|state| !matches!(state, State::Starting));
        match timeout(START, known).await.ok().and_then(Result::ok).as_deref() {
            Some(State::Up(link)) if link.is_blocked() => Err(Error::Blocked(SHORT.to_owned())),
            Some(State::Up(link)) => Ok(Arc::clone(link)),
            Some(State::Down(why)) => Err(Error::Unreachable(why.clone())),
            Some(State::Starting) | None => Err(Error::Unreachable("still connecting".to_owned())),
        }
    }
}

const SHORT: &str = "RabbitMQ is short of memory or disk and takes nothing";

/// Connects, host after host, until it is told to stop.
async fn keep(inner: Arc<Inner>) {
    let mut attempt = 0;
    loop {
        let opened = tokio::select! {
            () = inner.stop.cancelled() => break,
            opened = inner.open(attempt) => opened,
        };
        let why = match opened {
            Ok(link) => {
                let (link, began) = (Arc::new(link), Instant::now());
                inner.state.send_replace(State::Up(Arc::clone(&link)));
                let Some(why) = inner.serve(&link).await else { break };
                if began.elapsed() > GOOD {
                    attempt = 0;
                }
                why
            }
            Err(why) => why,
        };
        tracing::warn!(%why, attempt, "RabbitMQ is away; tasks wait in the log");
        inner.state.send_replace(State::Down(why));
        attempt += 1;
        tokio::select! {
            () = inner.stop.cancelled() => break,
            () = tokio::time::sleep(pause(attempt / inner.hosts.len())) => {}
        }
    }
    inner.state.send_replace(State::Down("closed".to_owned()));
}

/// The pause before the next attempt: half of it random, so that many processes do not come back at once.
fn pause(round: usize) -> Duration {
    let full = PAUSE_MAX.min(PAUSE * (1 << round.min(16)));
    let random = RandomState::new().hash_one(round) % 1_000;
    full / 2 + full * (random as u32) / 2_000
}

impl Inner {
    async fn open(&self, attempt: usize) -> Result<Link, String> {
        let uri = self.hosts.at(attempt);
        let tls = self.tls.as_ref().filter(|_| uri.scheme == AMQPScheme::AMQPS);
        Link::open(uri, tls, &self.topology).await
    }

    /// Passes tasks on until the connection ends, and says why; none when it was told to stop.
    async fn serve(&self, link: &Link) -> Option<String> {
        let (settle, mut settled) = mpsc::unbounded_channel();
        let mut wanted = self.wanted.subscribe();
        let ended = {
            let (topology, prefetch, prefetched, denied) =
                (&self.topology, self.prefetch, &self.prefetched, &self.denied);
            let consuming = Consuming { link, denied, topology, prefetch, prefetched };
            let consume = async {
                if wanted.wait_for(|wanted| *wanted).await.is_ok() {
                    tokio::join!(consuming.run(&settle), consume::settle_all(link, &mut settled));
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                why = link.ended() => Some(why),
                () = consume => None,
                () = self.stop.cancelled() => None,
            }
        };
        drop(settle);
        self.prefetched.clear();
        if ended.is_none() {
            drop(timeout(LAST, consume::settle_all(link, &mut settled)).await);
            link.close().await;
        }
        ended
    }
}
