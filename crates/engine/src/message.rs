//! Messages, threads and receipts, as they are read.

use std::collections::HashMap;
use std::sync::Arc;

use domain::delivery::Delivery;
use domain::filter::MessageFilter;
use domain::key::Caller;
use domain::message::MessageId;
use domain::view::{MessageView, Receipts};
use domain::{AgentName, Refusal, Span, State, TenantId};
use store::{Order, Readable, StoredMessage};

use crate::quota::Holder;
use crate::{Engine, Page, Paged, Result, Session};

impl Session {
    /// One message.
    pub async fn message(&self, id: MessageId) -> Result<MessageView> {
        let caller = self.caller().await?;
        let stored = self.readable(caller, id).await?;
        let mut views = self.views(caller.tenant, vec![stored]).await?;
        views.pop().ok_or_else(|| Refusal::not_found("message", &id).into())
    }

    /// One message and every delivery of it.
    pub async fn receipts(&self, id: MessageId) -> Result<Receipts> {
        let caller = self.caller().await?;
        let stored = self.readable(caller, id).await?;
        let recipients = self.inner.store.recipients(caller.tenant, &stored.message).await?;
        let found = self.inner.store.deliveries(caller.tenant, stored.seq, &recipients).await?;
        let mut by_agent: HashMap<AgentName, Delivery> =
            found.into_iter().map(|delivery| (delivery.agent.clone(), delivery)).collect();
        let deliveries: Vec<_> = recipients.iter().filter_map(|agent| by_agent.remove(agent)).collect();
        let recipients = deliveries.iter().map(|delivery| (delivery.agent.clone(), delivery.state)).collect();
        let StoredMessage { message, seq, fanning_out } = stored;
        let decision = if message.asks() { self.inner.store.decision(caller.tenant, id).await? } else { None };
        let message = MessageView { message: Arc::new(message), seq, recipients, fanning_out, decision };
        Ok(Receipts { message, deliveries })
    }

    /// Messages that meet a filter, newest first. An `agent` key finds what its agents sent or received.
    pub async fn messages(&self, filter: MessageFilter, page: &Page) -> Result<Paged<MessageView>> {
        let caller = self.caller().await?;
        filter.check()?;
        let limit = self.limit(page)?;
        let before = page.position()?;
        let found = if filter.q.is_some() {
            self.search(caller, &filter, before, limit + 1).await?
        } else {
            let readable = Readable::by(caller);
            self.inner.store.messages(readable, &filter, Order::Newest, before, limit + 1).await?
        };
        self.page_of(caller.tenant, found, limit).await
    }

    /// The messages of a thread, oldest first, as far as they are not in the archive; where there are none after the page's
    /// position, waits up to `wait` for the next.
    pub async fn thread(&self, thread: MessageId, page: &Page, wait: Span) -> Result<Paged<MessageView>> {
        self.check_wait(wait)?;
        let caller = self.caller().await?;
        let first = self.thread_page(caller, thread, page).await?;
        if !first.items.is_empty() || wait == Span::ZERO {
            return Ok(first);
        }
        let _place = self.inner.waiters.long_poll(Holder::of(caller), &AgentName::system())?;
        let subscription = self.inner.ephemeral.log(caller.tenant);
        let (deadline, ended) = (tokio::time::sleep(wait.to_std()), self.ended(None));
        tokio::pin!(deadline, ended);
        loop {
            let notified = subscription.notified();
            let page = self.thread_page(caller, thread, page).await?;
            if !page.items.is_empty() {
                return Ok(page);
            }
            tokio::select! {
                () = notified => {}
                () = self.poll_interval() => {}
                error = &mut ended => return Err(error),
                () = &mut deadline => return Ok(page),
                () = self.inner.draining.cancelled() => return Ok(page),
            }
        }
    }

    async fn thread_page(&self, caller: &Caller, thread: MessageId, page: &Page) -> Result<Paged<MessageView>> {
        let limit = self.limit(page)?;
        let after = page.position()?;
        let begins = self.thread_of(caller, thread).await?;
        if begins != Some(thread) || !self.may_read_thread(caller, thread).await? {
            return Err(Refusal::not_found("thread", &thread).into());
        }
        let filter = MessageFilter { thread: Some(thread), ..MessageFilter::default() };
        let found = self.inner.store.messages(caller.tenant, &filter, Order::Oldest, after, limit + 1).await?;
        if found.is_empty() && after.is_none() {
            return Err(self.gone(caller, "thread", thread).await?.into());
        }
        self.page_of(caller.tenant, found, limit).await
    }
}

impl Engine {
    /// The thread of a message, also of one that has gone to the archive.
    pub(crate) async fn thread_of(&self, caller: &Caller, message: MessageId) -> Result<Option<MessageId>> {
        if let Some(thread) = self.inner.store.thread_of(caller.tenant, message).await? {
            return Ok(Some(thread));
        }
        Ok(self.inner.store.removed(caller.tenant, message).await?.map(|removed| removed.thread))
    }

    /// Whether a caller may read a thread: all may but `agent` keys, whose agents must take part in it.
    pub(crate) async fn may_read_thread(&self, caller: &Caller, thread: MessageId) -> Result<bool> {
        match caller.readable() {
            None => Ok(true),
            Some(agents) => Ok(self.inner.store.takes_part(caller.tenant, thread, agents).await?),
        }
    }

    /// The message, unless it is not there or the caller may not know of it: both are answered alike.
    pub(crate) async fn readable(&self, caller: &Caller, id: MessageId) -> Result<StoredMessage> {
        let Some(stored) = self.inner.store.message(caller.tenant, id).await? else {
            return Err(self.gone(caller, "message", id).await?.into());
        };
        let may_read = self.may_read_thread(caller, stored.message.thread_id).await?;
        if may_read { Ok(stored) } else { Err(Refusal::not_found("message", &id).into()) }
    }

    async fn page_of(&self, tenant: TenantId, found: Vec<StoredMessage>, limit: usize) -> Result<Paged<MessageView>> {
        let page = Paged::of(found, limit, |stored: &StoredMessage| stored.seq.to_string());
        let Paged { items, next } = page;
        Ok(Paged { items: self.views(tenant, items).await?, next })
    }

    /// Looks up where the deliveries of these messages stand.
    pub(crate) async fn views(&self, tenant: TenantId, found: Vec<StoredMessage>) -> Result<Vec<MessageView>> {
        let mut recipients = Vec::with_capacity(found.len());
        for stored in &found {
            recipients.push(self.inner.store.recipients(tenant, &stored.message).await?);
        }
        let wanted: Vec<(i64, &AgentName)> = found
            .iter()
            .zip(&recipients)
            .flat_map(|(stored, agents)| agents.iter().map(|agent| (stored.seq, agent)))
            .collect();
        let states = self.inner.store.states(tenant, &wanted).await?;
        let states: HashMap<(i64, AgentName), State> =
            states.into_iter().map(|(seq, agent, state)| ((seq, agent), state)).collect();
        let asking: Vec<MessageId> =
            found.iter().filter(|stored| stored.message.asks()).map(|stored| stored.message.id).collect();
        let decisions = self.inner.store.decisions_of(tenant, &asking).await?.into_iter();
        let mut decisions: HashMap<MessageId, _> = decisions.map(|decision| (decision.message_id, decision)).collect();
        let view = |(stored, agents): (StoredMessage, Vec<AgentName>)| {
            let StoredMessage { message, seq, fanning_out } = stored;
            let with_state = agents.into_iter().filter_map(|agent| {
                let state = states.get(&(seq, agent.clone())).copied();
                state.map(|state| (agent, state))
            });
            let decision = decisions.remove(&message.id);
            MessageView { message: Arc::new(message), seq, recipients: with_state.collect(), fanning_out, decision }
        };
        Ok(found.into_iter().zip(recipients).map(view).collect())
    }
}
