use std::sync::Arc;

use domain::{AgentName, TenantId, Time};
use tokio::sync::broadcast;

use crate::invalidation::{Invalidation, Stale};
use crate::local::Local;
use crate::notifier::{Notifiers, Subscription};
use crate::redis::Redis;
use crate::{Admission, EphemeralConfig, Rate, Scope, UrlError};

/// Wake-ups, presence, rate limits and word of what is stale: in this process, and through Redis in all that share it. Cheap
/// to clone; every clone is the same.
#[derive(Clone, Default)]
pub struct Ephemeral {
    local: Arc<Local>,
    /// None: nobody else is to be told.
    redis: Option<Redis>,
}

/// How it is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should.
    Ok,
    /// Redis is away, and why: other processes are not heard, limits count for each process by itself.
    Degraded(String),
}

impl Ephemeral {
    /// One that shares what it hears and counts through Redis. Returns at once and connects in the background, again and again,
    /// on the current tokio runtime.
    ///
    /// Fails when `url` is none of Redis.
    pub fn redis(url: &str, config: &EphemeralConfig) -> Result<Self, UrlError> {
        let local = Arc::<Local>::default();
        let redis = Redis::start(url, &config.prefix, Arc::clone(&local))?;
        Ok(Self { local, redis: Some(redis) })
    }

    /// Tells whoever waits for this inbox that something came: here at once, elsewhere within milliseconds.
    pub fn notify_inbox(&self, tenant: TenantId, agent: &AgentName) {
        let key = (tenant, agent.clone());
        self.local.inboxes.notify(&key);
        if let Some(redis) = &self.redis {
            redis.tell(Invalidation::Inbox(key.0, key.1));
        }
    }

    /// Tells whoever follows this tenant's log that it has grown: here at once, elsewhere within milliseconds.
    pub fn notify_log(&self, tenant: TenantId) {
        self.local.logs.notify(&tenant);
        if let Some(redis) = &self.redis {
            redis.tell(Invalidation::Log(tenant));
        }
    }

    /// Tells whoever looks for tasks to publish that there are some: here at once, elsewhere within milliseconds.
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

    /// Tells the other processes that what they remember may be old.
    pub fn invalidate(&self, stale: Stale) {
        if let Some(redis) = &self.redis {
            redis.tell(Invalidation::Stale(stale));
        }
    }

    /// What other processes have said may be old; one who falls far behind is told of an error in between, and then cannot
    /// trust anything.
    pub fn stale(&self) -> broadcast::Receiver<Stale> {
        self.local.stale.subscribe()
    }

    /// Whether a notification in another process is heard here; where it is not, whoever waits has to look more often.
    pub fn hears_others(&self) -> bool {
        self.redis.as_ref().is_some_and(Redis::is_listening)
    }

    /// Waits for an inbox. Subscribe first, look then, wait last: so nothing slips in between.
    pub fn inbox(&self, tenant: TenantId, agent: &AgentName) -> Subscription<(TenantId, AgentName)> {
        Notifiers::subscribe(&self.local.inboxes, (tenant, agent.clone()))
    }

    /// Waits for a tenant's log.
    pub fn log(&self, tenant: TenantId) -> Subscription<TenantId> {
        Notifiers::subscribe(&self.local.logs, tenant)
    }

    /// Notes that an agent was there.
    pub fn seen(&self, tenant: TenantId, agent: &AgentName, now: Time) {
        self.local.presence.seen(tenant, agent, now);
        if let Some(redis) = &self.redis {
            redis.seen(tenant, agent, now);
        }
    }

    /// Notes that an agent says that it is there; when this returns every process knows, unless Redis is away.
    pub async fn seen_by_all(&self, tenant: TenantId, agent: &AgentName, now: Time) {
        self.local.presence.seen(tenant, agent, now);
        if let Some(redis) = &self.redis {
            redis.write_down(tenant, agent, now).await;
        }
    }

    /// When each of these agents was last there, as far as it is remembered: by this process, or for seven days by Redis.
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

    /// Tells what is still to be told and disconnects; takes a second at most.
    pub async fn close(&self) {
        if let Some(redis) = &self.redis {
            redis.close().await;
        }
    }
}
