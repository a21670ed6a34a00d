//! What is shared through Redis. Every call is bounded by half a second, and costs nothing while Redis is away.

mod circuit;
mod listen;
mod outbox;
mod topology;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{AgentName, Span, TenantId, Time};
use redis::Script;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::invalidation::Invalidation;
use crate::local::Local;
use crate::{Admission, Rate, Scope};
use circuit::Circuit;
use listen::Listener;
use outbox::Outbox;
use topology::Connection;

pub(crate) use topology::Topology;
pub use topology::UrlError;

/// The pause between two messages; entries of this time share the next one.
const GATHER: Duration = Duration::from_millis(2);
/// How often a message is sent even without entries, and presences are written.
const BEAT: Duration = Duration::from_secs(2);
/// How long Redis remembers when an agent was last there, in seconds.
const PRESENCE_SECS: u64 = 7 * 86_400;
/// The pause before the second attempt to connect; doubled each time.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What is shared through Redis. Cheap to clone; every clone is the same, and with the last one the connections end.
#[derive(Clone)]
pub(crate) struct Redis {
    inner: Arc<Inner>,
    tasks: TaskTracker,
    _end: Arc<DropGuard>,
}

struct Inner {
    prefix: String,
    circuit: Circuit,
    told: Outbox,
    listening: AtomicBool,
    limit: Script,
    stop: CancellationToken,
}

impl Redis {
    pub(crate) fn start(url: &str, prefix: &str, local: Arc<Local>) -> Result<Self, UrlError> {
        let topology = Arc::new(Topology::parse(url)?);
        let stop = CancellationToken::new();
        let inner = Arc::new(Inner {
            prefix: prefix.to_owned(),
            circuit: Circuit::new(),
            told: Outbox::default(),
            listening: AtomicBool::new(false),
            limit: Script::new(include_str!("limit.lua")),
            stop: stop.clone(),
        });
        let own = format!("from {:016x}", RandomState::new().hash_one(prefix));
        let channel = format!("{prefix}:news");
        let tasks = TaskTracker::new();
        let (keeping, at) = (Arc::clone(&inner), Arc::clone(&topology));
        tasks.spawn(async move { keeping.circuit.keep(&at, &keeping.stop).await });
        let (telling, name, to) = (Arc::clone(&inner), own.clone(), channel.clone());
        tasks.spawn(async move { telling.tell(&name, &to).await });
        let hearing = Arc::clone(&inner);
        tasks.spawn(async move {
            let (listening, stop) = (&hearing.listening, &hearing.stop);
            Listener { topology: &topology, channel: &channel, own: &own, local: &local, listening }.run(stop).await;
        });
        tasks.close();
        Ok(Self { inner, tasks, _end: Arc::new(stop.drop_guard()) })
    }

    /// Sends an entry to the other processes, soon.
    pub(crate) fn tell(&self, news: Invalidation) {
        self.inner.told.add(news);
    }

    pub(crate) fn seen(&self, tenant: TenantId, agent: &AgentName, now: Time) {
        self.inner.told.seen(tenant, agent, now);
    }

    /// Writes at once that an agent was seen.
    pub(crate) async fn write_down(&self, tenant: TenantId, agent: &AgentName, now: Time) {
        let mut write = redis::cmd("SET");
        write.arg(self.inner.presence_key(tenant, agent)).arg(now.millis()).arg("EX").arg(PRESENCE_SECS);
        self.inner.circuit.ask(async |mut connection: Connection| write.query_async::<()>(&mut connection).await).await;
    }

    /// When each of these agents was last seen; none where Redis does not know or is away.
    pub(crate) async fn last_seen(&self, tenant: TenantId, agents: &[&AgentName]) -> Option<Vec<Option<Time>>> {
        let mut asked = redis::cmd("MGET");
        for agent in agents {
            asked.arg(self.inner.presence_key(tenant, agent));
        }
        let asked = async |mut connection: Connection| asked.query_async::<Vec<Option<i64>>>(&mut connection).await;
        let millis = self.inner.circuit.ask(asked).await?;
        Some(millis.into_iter().map(|millis| millis.map(Time::from_millis)).collect())
    }

    /// Counts a request at a limit; none where Redis does not.
    pub(crate) async fn admit(&self, scope: &Scope, rate: Rate) -> Option<Admission> {
        let prefix = &self.inner.prefix;
        let key = match scope {
            Scope::Tenant(tenant) => format!("{prefix}:rate:{}", tenant.0),
            Scope::Key(tenant, id) => format!("{prefix}:rate:{}:{id}", tenant.0),
        };
        let mut call = self.inner.limit.key(key);
        call.arg(rate.window().0).arg(rate.interval());
        let asked = async |mut connection: Connection| call.invoke_async::<(bool, i64)>(&mut connection).await;
        let (allowed, backlog) = self.inner.circuit.ask(asked).await?;
        Some(Admission::of(rate, allowed, Span(backlog)))
    }

    pub(crate) fn is_listening(&self) -> bool {
        self.inner.listening.load(Ordering::Acquire)
    }

    /// What is wrong, if anything.
    pub(crate) fn trouble(&self) -> Option<String> {
        let deaf = || (!self.is_listening()).then(|| "not listening to the other processes".to_owned());
        self.inner.circuit.trouble().or_else(deaf)
    }

    pub(crate) async fn close(&self) {
        self.inner.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Inner {
    /// The tenant in braces keeps its agents together in a cluster.
    fn presence_key(&self, tenant: TenantId, agent: &AgentName) -> String {
        format!("{}:seen:{{{}}}:{agent}", self.prefix, tenant.0)
    }

    /// Sends entries until it is told to stop: the first at once, those that come meanwhile together.
    async fn tell(&self, own: &str, channel: &str) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stopped = tokio::select! {
                () = self.told.came() => false,
                _ = beat.tick() => {
                    self.write_down_presences().await;
                    false
                }
                () = self.stop.cancelled() => true,
            };
            let text = format!("{own}\n{}", self.told.take_news());
            let mut publish = redis::cmd("PUBLISH");
            publish.arg(channel).arg(text);
            // While Redis is away nothing is received; when it is back every process polls everything.
            self.circuit
                .ask(async |mut connection: Connection| publish.query_async::<i64>(&mut connection).await)
                .await;
            if stopped {
                return;
            }
            sleep(GATHER).await;
        }
    }

    async fn write_down_presences(&self) {
        for (tenant, agents) in self.told.take_seen() {
            let mut writes = redis::pipe();
            for (agent, time) in agents {
                let key = self.presence_key(tenant, &agent);
                writes.cmd("SET").arg(key).arg(time.millis()).arg("EX").arg(PRESENCE_SECS).ignore();
            }
            self.circuit.ask(async |mut connection: Connection| writes.query_async::<()>(&mut connection).await).await;
        }
    }
}

/// The pause before the next attempt: half of it random, so that many processes do not come back at once.
fn pause(attempt: u32) -> Duration {
    let full = PAUSE_MAX.min(PAUSE * (1 << attempt.min(16)));
    let chance = RandomState::new().hash_one(attempt) % 1_000;
    full / 2 + full * (chance as u32) / 2_000
}
