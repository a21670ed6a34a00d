//! The queue: whom to push to next, so many at a time, so many to one host.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{AgentName, TenantId};
use tokio::sync::Notify;

/// Somebody to push to: a tenant's agent, behind a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) tenant: TenantId,
    pub(super) agent: AgentName,
    pub(super) host: String,
}

type Who = (TenantId, AgentName);

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Target>,
    known: HashSet<Who>,
    /// Who is being pushed to, and whether somebody asked for more since.
    under_way: HashMap<Who, bool>,
    hosts: HashMap<String, usize>,
}

/// Whom to push to; each agent is in it once, so it is no longer than there are agents with a webhook.
#[derive(Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    notify: Notify,
}

impl Queue {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody may have something to be pushed.
    pub(super) fn add(&self, target: Target) {
        let mut inner = self.inner();
        let who = (target.tenant, target.agent.clone());
        if let Some(again) = inner.under_way.get_mut(&who) {
            *again = true;
        } else if inner.known.insert(who) {
            inner.waiting.push_back(target);
            self.notify.notify_one();
        }
    }

    /// The next one, where fewer than `most` are under way, and fewer than `most_to_host` to its host.
    pub(super) fn next(self: &Arc<Self>, most: usize, most_to_host: usize) -> Option<Slot> {
        let mut inner = self.inner();
        if inner.under_way.len() >= most {
            return None;
        }
        let free = |target: &Target| inner.hosts.get(&target.host).is_none_or(|running| *running < most_to_host);
        let at = inner.waiting.iter().position(free)?;
        let target = inner.waiting.remove(at)?;
        let who = (target.tenant, target.agent.clone());
        inner.known.remove(&who);
        inner.under_way.insert(who, false);
        *inner.hosts.entry(target.host.clone()).or_default() += 1;
        Some(Slot { queue: Arc::clone(self), target, more: false })
    }

    /// A push has ended; where there may be more, the agent goes to the end of the queue.
    fn end(&self, target: Target, more: bool) {
        let mut inner = self.inner();
        let who = (target.tenant, target.agent.clone());
        let again = inner.under_way.remove(&who).unwrap_or(false);
        if let Some(running) = inner.hosts.get_mut(&target.host) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                inner.hosts.remove(&target.host);
            }
        }
        if (more || again) && inner.known.insert(who) {
            inner.waiting.push_back(target);
        }
        self.notify.notify_one();
    }

    /// Returns when somebody was added or a push ended since the last time.
    pub(super) async fn changed(&self) {
        self.notify.notified().await;
    }
}

/// Somebody is being pushed to; that ends when this is dropped, whatever else ends with it.
pub(super) struct Slot {
    queue: Arc<Queue>,
    pub(super) target: Target,
    /// Whether there may be more to push.
    pub(super) more: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.queue.end(self.target.clone(), self.more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(agent: &str, host: &str) -> Target {
        Target { tenant: TenantId(1), agent: AgentName::stored(agent.to_owned()), host: host.to_owned() }
    }

    fn next(queue: &Arc<Queue>) -> Option<Slot> {
        queue.next(3, 2)
    }

    fn name(slot: Option<&Slot>) -> Option<String> {
        slot.map(|slot| slot.target.agent.as_str().to_owned())
    }

    #[test]
    fn one_agent_is_pushed_to_once_at_a_time_and_again_when_asked_meanwhile() {
        let queue = Arc::new(Queue::default());
        queue.add(target("a", "h"));
        queue.add(target("a", "h"));
        let slot = next(&queue);
        assert_eq!(name(slot.as_ref()).as_deref(), Some("a"));
        assert!(next(&queue).is_none());
        queue.add(target("a", "h"));
        assert!(next(&queue).is_none(), "it is being pushed to");
        drop(slot);
        assert_eq!(name(next(&queue).as_ref()).as_deref(), Some("a"));
        assert!(next(&queue).is_none());
    }

    #[test]
    fn a_busy_host_holds_up_nobody_else() {
        let queue = Arc::new(Queue::default());
        for (agent, host) in [("a", "slow"), ("b", "slow"), ("c", "slow"), ("d", "fast"), ("e", "fast")] {
            queue.add(target(agent, host));
        }
        let [first, second, mut third] = [next(&queue), next(&queue), next(&queue)];
        assert_eq!([&first, &second, &third].map(|slot| name(slot.as_ref()).expect("a slot")), ["a", "b", "d"]);
        assert!(next(&queue).is_none(), "three are under way");
        third.as_mut().expect("a slot").more = true;
        drop(third);
        let fourth = next(&queue);
        assert_eq!(name(fourth.as_ref()).as_deref(), Some("e"));
        drop(first);
        let fifth = next(&queue);
        assert_eq!(name(fifth.as_ref()).as_deref(), Some("c"));
        drop(fifth);
        assert_eq!(name(next(&queue).as_ref()).as_deref(), Some("d"), "who was pushed to waits for the others");
    }
}
