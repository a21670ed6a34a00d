//! Acks, nacks and everything else that is done with a delivery.

use domain::delivery::{Delivery, Verb};
use domain::message::MessageId;
use domain::refusal::Refusal;
use domain::{AgentName, TenantId, bounds};
use ephemeral::Stale;
use store::{Change, Command, Record, Settle, Trigger};

use crate::{Engine, Error, Result, Session};

/// Deliveries that one trigger brings back in one change.
const TRIGGER_PART: usize = 500;

impl Session {
    /// Does what a verb asks with one delivery, and answers what it became.
    pub async fn settle(&self, agent: &str, message: MessageId, verb: Verb) -> Result<Delivery> {
        let caller = self.caller().await?;
        if verb == Verb::Redrive {
            caller.must_administer()?;
        } else {
            caller.must_act_as(agent)?;
        }
        let agent = self.known_agent(caller, agent).await?;
        bounds::verb(&verb, &self.inner.policy, self.now())?;
        let directory = self.directory(caller.tenant).await?;
        let settle = Settle { agent, message, verb, directory, notice: self.new_id()? };
        self.change(caller.tenant, settle).await
    }

    /// Brings back every delivery that waits for a trigger; answers how many.
    pub async fn trigger(&self, name: &str) -> Result<usize> {
        let caller = self.caller().await?;
        if caller.role == domain::key::Role::Observer {
            caller.must_administer()?;
        }
        bounds::trigger_name(name)?;
        let mut moved = 0;
        loop {
            let trigger = Trigger { name: name.to_owned(), max: TRIGGER_PART };
            let part = self.change(caller.tenant, trigger).await?;
            moved += part;
            if part < TRIGGER_PART {
                return Ok(moved);
            }
        }
    }
}

impl Engine {
    /// Commits a change that was decided on nothing but its rows, and notifies whom it concerns.
    pub(crate) async fn change<C: Command>(&self, tenant: TenantId, command: C) -> Result<C::Outcome> {
        let committed = self.inner.store.commit(Change { tenant, now: self.now(), version: None, command }).await?;
        self.notify_recipients(tenant, &committed.notify).await;
        Ok(committed.outcome)
    }

    /// Rings for those that a commit gave something to receive, by asking or by a push, and for those that follow the log.
    pub(crate) async fn notify_recipients(&self, tenant: TenantId, agents: &[AgentName]) {
        for agent in agents {
            self.inner.ephemeral.ring_inbox(tenant, agent);
        }
        self.grown(tenant);
        if let Err(error) = self.want_pushes(tenant, agents).await {
            tracing::debug!(%error, "pushes wait for the next look");
        }
    }

    /// Rings for those that follow the log.
    pub(crate) fn grown(&self, tenant: TenantId) {
        self.inner.ephemeral.ring_log(tenant);
    }

    /// Commits facts that were decided on a directory of this version; decides again where it has changed.
    pub(crate) async fn record<T>(
        &self,
        tenant: TenantId,
        decide: impl Fn(&domain::Directory) -> std::result::Result<(Record, T), Refusal>,
    ) -> Result<T> {
        for _ in 0..crate::directory::TRIES {
            let directory = self.directory(tenant).await?;
            let (command, answer) = decide(&directory)?;
            if command.events.is_empty() {
                return Ok(answer);
            }
            let version = directory.version;
            // Let go, so that what is learned can be put into it without a copy.
            drop(directory);
            let facts = command.facts.clone();
            let change = Change { tenant, now: self.now(), version: Some(version), command };
            match self.inner.store.commit(change).await {
                Ok(_) => {
                    self.inner.directories.learn(tenant, version, facts);
                    self.inner.ephemeral.invalidate(Stale::Directory(tenant));
                    self.grown(tenant);
                    return Ok(answer);
                }
                Err(store::Error::Conflict) => self.inner.directories.forget(tenant, version),
                Err(error) => {
                    // Perhaps done.
                    self.inner.directories.forget(tenant, version);
                    return Err(error.into());
                }
            }
        }
        Err(Error::Store(store::Error::Conflict))
    }
}
