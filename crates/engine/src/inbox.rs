//! Inboxes: looking, receiving, dead letters.

use domain::filter::{ReceiveFilter, Receiving};
use domain::key::Caller;
use domain::refusal::{Code, Refusal};
use domain::view::{Inbox, InboxItem};
use domain::{AgentName, DomainName, Span, State, bounds};
use futures_util::FutureExt;

use crate::claim::Leasing;
use crate::quota::Holder;
use crate::{Engine, Page, Paged, Result, Session};

impl Session {
    /// Looks into an inbox and changes nothing: the live deliveries, or those in the states asked for.
    pub async fn inbox(&self, agent: &str, states: &[State], page: &Page) -> Result<Inbox> {
        let caller = self.caller().await?;
        let agent = self.known_agent(caller, agent).await?;
        let limit = self.limit(page)?;
        let after = page.in_lanes()?.map_or((-1, 0), |(lane, seq)| (lane.code(), seq));
        let wanted = |state: &State| if states.is_empty() { state.is_live() } else { states.contains(state) };
        let mut found = Vec::new();
        for state in State::ALL.iter().copied().filter(wanted) {
            found.extend(self.inner.store.inbox(caller.tenant, agent.as_str(), state, after, limit + 1).await?);
        }
        found.sort_by_key(|found| (found.delivery.priority, found.delivery.seq));
        // One that changed its state between two of these looks may have been seen twice.
        found.dedup_by_key(|found| found.delivery.seq);
        let items = found.into_iter().map(InboxItem::from).collect();
        let cursor = |item: &InboxItem| format!("{}.{}", item.delivery.priority.code(), item.delivery.seq);
        let items = Paged::of(items, limit, cursor);
        Ok(Inbox { items, counts: self.inner.store.inbox_counts(caller.tenant, agent.as_str()).await? })
    }

    /// Leases the next deliveries of an inbox; where there are none, waits up to `wait` for the first. The wait is refused within
    /// a second where the session ends, and where the agent is retired.
    pub async fn receive(&self, agent: &str, max: usize, lease: Option<Span>, wait: Span) -> Result<Vec<InboxItem>> {
        self.receive_only(agent, Receiving { max, lease, wait, filter: ReceiveFilter::default() }).await
    }

    /// Leases deliveries as [`Session::receive`] does, only those of some kinds or of one thread.
    pub async fn receive_only(&self, agent: &str, receiving: Receiving) -> Result<Vec<InboxItem>> {
        self.receive_while(agent, receiving, std::future::pending()).await
    }

    /// The same for a caller that may go away: once it is `gone`, nothing is waited for, nor leased after a wait.
    pub async fn receive_while(
        &self,
        agent: &str,
        receiving: Receiving,
        gone: impl Future<Output = ()>,
    ) -> Result<Vec<InboxItem>> {
        let Receiving { max, lease, wait, filter } = receiving;
        let caller = self.caller().await?;
        caller.must_act_as(agent)?;
        let agent = self.known_agent(caller, agent).await?;
        let lease = self.check_receive(max, lease, wait)?;
        self.inner.ephemeral.seen(caller.tenant, &agent, self.now());
        let claim = || {
            let leasing = Leasing { max, lease, push: false, filter: filter.clone() };
            self.inner.claims.claim(caller.tenant, &agent, leasing)
        };
        let items = claim().await?;
        if !items.is_empty() || wait == Span::ZERO {
            return Ok(items);
        }
        let _place = self.inner.waiters.long_poll(Holder::of(caller), &agent)?;
        let subscription = self.inner.ephemeral.inbox(caller.tenant, &agent);
        let (deadline, ended) = (tokio::time::sleep(wait.to_std()), self.ended(Some(&agent)));
        tokio::pin!(deadline, ended, gone);
        loop {
            if (&mut gone).now_or_never().is_some() {
                // A notification wakes one: pass it on, so that another takes what this one does not.
                self.inner.ephemeral.notify_inbox(caller.tenant, &agent);
                return Ok(Vec::new());
            }
            let arrived = subscription.notified();
            // Polled again while subscribed: what came between the first poll and the subscription is not waited for.
            match claim().await {
                Ok(items) if items.is_empty() => {}
                Ok(items) => return Ok(items),
                Err(error) => {
                    // A notification wakes one: pass it on, so that another takes what this one cannot.
                    self.inner.ephemeral.notify_inbox(caller.tenant, &agent);
                    return Err(error);
                }
            }
            tokio::select! {
                () = subscription.turn(), if filter.is_empty() => {}
                // What this one does not want is left to those that take all.
                () = arrived, if !filter.is_empty() => {}
                () = self.poll_interval() => {}
                error = &mut ended => return Err(error),
                () = &mut deadline => return Ok(Vec::new()),
                () = &mut gone => return Ok(Vec::new()),
                () = self.inner.draining.cancelled() => return Ok(Vec::new()),
            }
        }
    }

    /// Dead letters, oldest first; for an `agent` key those of its agents.
    pub async fn dead_letters(&self, agent: Option<&str>, page: &Page) -> Result<Paged<InboxItem>> {
        let caller = self.caller().await?;
        let limit = self.limit(page)?;
        let one = match agent {
            Some(agent) if !AgentName::is_valid(agent) => {
                return Err(Refusal::field(Code::InvalidField, "agent", DomainName::FORM).into());
            }
            Some(agent) => Some(vec![self.known_agent(caller, agent).await?]),
            None => None,
        };
        let agents = one.as_deref().or(caller.readable());
        let cursor = page.by_recipient()?;
        let after = cursor.as_ref().map_or((0, ""), |(seq, agent)| (*seq, agent.as_str()));
        let found = self.inner.store.dead_letters(caller.tenant, agents, after, limit + 1).await?;
        let items = found.into_iter().map(InboxItem::from).collect();
        Ok(Paged::of(items, limit, |item: &InboxItem| format!("{}.{}", item.delivery.seq, item.delivery.agent)))
    }
}

impl Engine {
    fn check_receive(&self, max: usize, lease: Option<Span>, wait: Span) -> Result<Span> {
        let limits = &self.config().limits;
        if max == 0 || max > limits.receive_max {
            let why = format!("must be 1 to {}", limits.receive_max);
            return Err(Refusal::field(Code::TooManyItems, "max", why).into());
        }
        if wait > limits.wait_max {
            let why = format!("`{wait}` must be at most {}", limits.wait_max);
            return Err(Refusal::field(Code::InvalidDuration, "wait", why).into());
        }
        let policy = &self.inner.policy.delivery;
        Ok(lease.map_or(Ok(policy.lease), |lease| bounds::lease(lease, policy))?)
    }

    /// The agent of this name, active or retired; one that the caller may not read for is not there.
    pub(crate) async fn known_agent(&self, caller: &Caller, name: &str) -> Result<AgentName> {
        caller.must_read_for(name)?;
        let mut directory = self.directory(caller.tenant).await?;
        if directory.agent(name).is_none() {
            directory = self.directory_now(caller.tenant).await?;
        }
        let known = directory.agent(name).map(|agent| agent.name.clone());
        Ok(known.ok_or_else(|| {
            let near = domain::nearest::nearest(name, directory.active().map(|agent| agent.name.as_str()));
            let remedy = near.map_or(domain::Remedy::FindAgent, |near| format!("Did you mean `{near}`?").into());
            Refusal::not_found("agent", &name).with_remedy(remedy)
        })?)
    }
}
