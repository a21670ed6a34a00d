//! What is still to be published. It gathers while one message is on its way, so that under load many entries share a message.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{AgentName, TenantId, Time};
use tokio::sync::Notify;

use crate::invalidation::Invalidation;

/// Entries of one message at most. Beyond, one entry tells every process to poll everything.
const NEWS_MAX: usize = 10_000;
/// Agents whose presence is not yet written to Redis, at most; further ones are dropped.
const SEEN_MAX: usize = 100_000;

/// Notifications, invalidations and presences that wait to be sent.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Default)]
struct Waiting {
    news: HashSet<Invalidation>,
    seen: HashMap<(TenantId, AgentName), Time>,
}

impl Outbox {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry; the same entry twice is kept once.
    pub(super) fn add(&self, news: Invalidation) {
        let mut waiting = self.waiting();
        if waiting.news.len() >= NEWS_MAX {
            waiting.news.clear();
            waiting.news.insert(Invalidation::Everything);
        } else if !waiting.news.contains(&Invalidation::Everything) {
            waiting.news.insert(news);
        }
        self.came.notify_one();
    }

    /// Adds that an agent was seen. It is sent with the next message, not at once.
    pub(super) fn seen(&self, tenant: TenantId, agent: &AgentName, now: Time) {
        let mut waiting = self.waiting();
        if waiting.seen.len() < SEEN_MAX {
            waiting.seen.insert((tenant, agent.clone()), now);
        }
    }

    /// Waits for an entry.
    pub(super) async fn came(&self) {
        self.came.notified().await;
    }

    /// Takes all entries as the lines of one message.
    pub(super) fn take_news(&self) -> String {
        let news = std::mem::take(&mut self.waiting().news);
        let mut text = String::new();
        for news in news {
            news.write(&mut text);
        }
        text
    }

    /// Takes all presences, by tenant.
    pub(super) fn take_seen(&self) -> HashMap<TenantId, Vec<(AgentName, Time)>> {
        let seen = std::mem::take(&mut self.waiting().seen);
        let mut by_tenant: HashMap<_, Vec<_>> = HashMap::new();
        for ((tenant, agent), time) in seen {
            by_tenant.entry(tenant).or_default().push((agent, time));
        }
        by_tenant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_news_is_told_once() {
        let told = Outbox::default();
        for tenant in [1, 2, 1, 1] {
            told.add(Invalidation::Log(TenantId(tenant)));
        }
        told.came().await;
        let text = told.take_news();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["log 1", "log 2"]);
        assert_eq!(told.take_news(), "");
    }

    #[test]
    fn too_much_news_is_told_as_everything() {
        let told = Outbox::default();
        for tenant in 0..=NEWS_MAX as i64 + 5 {
            told.add(Invalidation::Log(TenantId(tenant)));
        }
        assert_eq!(told.take_news(), "everything\n");
    }

    #[test]
    fn the_last_time_an_agent_was_seen_counts() {
        let told = Outbox::default();
        let agent = AgentName::stored("code".to_owned());
        told.seen(TenantId(1), &agent, Time(1));
        told.seen(TenantId(1), &agent, Time(2));
        assert_eq!(told.take_seen(), HashMap::from([(TenantId(1), vec![(agent, Time(2))])]));
    }
}
