use std::sync::Arc;

use domain::{AgentName, TenantId, Time};
use tokio::sync::broadcast;

use crate::invalidation::{Invalidation, Stale};
use crate::local::Local;
use crate::notifier::{Notifiers, Subscription};
use crate::redis::Redis;
use crate::{Admission, EphemeralConfig, Rate, Scope, UrlError};

/// Notifications, presence, rate limits and invalidation: in this process, and through Redis in all that share it. Cheap
/// to clone; every clone is the same.
#[derive(Clone, Default)]
pub struct Ephemeral {
    local: Arc<Local>,
    /// None: there is no other process.
    redis: Option<Redis>,
}

/// How it is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// All well.
    Ok,
    /// Redis is away, and why. Nothing is received from other processes, and each process counts limits by itself.
    Degraded(String),
}

impl Ephemeral {
    /// Shares notifications and counts through Redis. Returns at once; connects and reconnects in the background,
    /// on the current tokio runtime.
    ///
    /// Fails when `url` is not a Redis URL.
    pub fn redis(url: &str, config: &EphemeralConfig) -> Result<Self, UrlError> {
        let local = Arc::<Local>::default();
        let redis = Redis::start(url, &config.prefix, Arc::clone(&local))?;
        Ok(Self { local, redis: Some(redis) })
    }

    /// Notifies the subscribers of this inbox: here at once, elsewhere within milliseconds.
    pub fn notify_inbox(&self, tenant: TenantId, agent: &AgentName) {
        let key = (tenant, agent.clone());
        self.local.inboxes.notify(&key);
        if let Some(redis) = &self.redis {
            redis.tell(Invalidation::Inbox(key.0, key.1));
        }
    }

    /// Notifies the subscribers of this tenant's log: here at once, elsewhere within milliseconds.
    pub fn notify_log(&self, tenant: TenantId) {
        self.local.logs.notify(&tenant);
        if let Some(redis) = &self.redis {
            redis.tell(Invalidation::Log(tenant));
        }
    }

    /// Notifies the relay that there are tasks to publish: here at once, elsewhere within milliseconds.
    pub fn notify_tasks(&self) {
        self.local.tasks.notify_one();
        if let Some(redis) = &self.redis {
            redis.tell(Invalidation::Tasks);
        }
    }

    /// Waits until there are tasks to publish; a notification that comes before the wait is not lost. One waits at a time.
    pub async fn tasks(&self) {
        self.local.tasks.notified().await;
    }

    /// Tells the other processes that their caches may be stale.
    pub fn invalidate(&self, stale: Stale) {
        if let Some(redis) = &self.redis {
            redis.tell(Invalidation::Stale(stale));
        }
    }

    /// Receives the invalidations of other processes. A receiver that lags too far gets an error, and must then invalidate
    /// everything.
    pub fn stale(&self) -> broadcast::Receiver<Stale> {
        self.local.stale.subscribe()
    }

    /// Whether notifications of other processes arrive here; where they do not, waiters poll more often.
    pub fn hears_others(&self) -> bool {
        self.redis.as_ref().is_some_and(Redis::is_listening)
    }

    /// Subscribes to an inbox. Subscribe first, poll then, wait last: so nothing is missed in between.
    pub fn inbox(&self, tenant: TenantId, agent: &AgentName) -> Subscription<(TenantId, AgentName)> {
        Notifiers::subscribe(&self.local.inboxes, (tenant, agent.clone()))
    }

    /// Subscribes to a tenant's log.
    pub fn log(&self, tenant: TenantId) -> Subscription<TenantId> {
        Notifiers::subscribe(&self.local.logs, tenant)
    }

    /// Notes that an agent was seen.
    pub fn seen(&self, tenant: TenantId, agent: &AgentName, now: Time) {
        self.local.presence.seen(tenant, agent, now);
        if let Some(redis) = &self.redis {
            redis.seen(tenant, agent, now);
        }
    }

    /// Notes a heartbeat of an agent. When this returns every process knows of it, unless Redis is away.
    pub async fn seen_by_all(&self, tenant: TenantId, agent: &AgentName, now: Time) {
        self.local.presence.seen(tenant, agent, now);
        if let Some(redis) = &self.redis {
            redis.write_down(tenant, agent, now).await;
        }
    }

    /// When each of these agents was last seen: as this process remembers, or Redis, for seven days.
    pub async fn last_seen(&self, tenant: TenantId, agents: &[&AgentName]) -> Vec<Option<Time>> {
        let here = agents.iter().map(|agent| self.local.presence.last(tenant, agent));
        match &self.redis {
            Some(redis) if !agents.is_empty() => {
                let elsewhere = redis.last_seen(tenant, agents).await.unwrap_or_default();
                here.zip(elsewhere.into_iter().chain(std::iter::repeat(None))).map(|(a, b)| a.max(b)).collect()
            }
            _ => here.collect(),
        }
    }

    /// Lets a request pass at a limit, or not. While Redis is away each process counts for itself, by the clock given.
    pub async fn admit(&self, scope: &Scope, rate: Rate, now: Time) -> Admission {
        if let Some(redis) = &self.redis
            && let Some(admission) = Box::pin(redis.admit(scope, rate)).await
        {
            return admission;
        }
        self.local.limits.admit(scope, rate, now)
    }

    /// How it is doing, as last seen; asks nobody.
    pub fn status(&self) -> Status {
        match self.redis.as_ref().and_then(Redis::trouble) {
            Some(why) => Status::Degraded(why),
            None => Status::Ok,
        }
    }

    /// Sends what is still waiting and disconnects; takes a second at most.
    pub async fn close(&self) {
        if let Some(redis) = &self.redis {
            redis.close().await;
        }
    }
}
