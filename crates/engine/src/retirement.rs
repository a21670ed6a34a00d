//! What a retired agent leaves behind: what waits in its inbox is given up, and what was asked of it is asked of others.

use std::sync::Arc;

use domain::decision::DecisionState;
use domain::delivery::Verb;
use domain::{AgentName, Directory, MessageId, State, TenantId};
use store::{Change, DecisionFilter, ReassignDecision, Settle, Store};

use crate::writer::Writer;
use crate::{Clock, Result, random};

/// Deliveries or decisions that one part works on.
const PART: usize = 200;

/// Gives up and hands over what retired agents leave behind.
pub(crate) struct Retirement {
    store: Store,
    clock: Clock,
    writer: Arc<Writer>,
}

impl Retirement {
    pub(crate) fn new(store: Store, clock: Clock, writer: Arc<Writer>) -> Self {
        Self { store, clock, writer }
    }

    /// Gives up what waits for an agent, each with a bounce, and asks others what was asked of it. Ends when nothing is left.
    pub(crate) async fn settle(&self, tenant: TenantId, agent: &AgentName, directory: &Arc<Directory>) -> Result<()> {
        for state in [State::Pending, State::Deferred] {
            while self.give_up(tenant, agent, state, directory).await? {}
        }
        while self.hand_over(tenant, agent, directory).await? {}
        Ok(())
    }

    /// Gives up the next deliveries in a state; answers whether there may be more.
    async fn give_up(
        &self,
        tenant: TenantId,
        agent: &AgentName,
        state: State,
        directory: &Arc<Directory>,
    ) -> Result<bool> {
        let found = self.store.inbox(tenant, agent.as_str(), state, (-1, 0), PART).await?;
        let full = found.len() == PART;
        let mut changes = Vec::with_capacity(found.len());
        for found in found {
            let command = Settle {
                agent: agent.clone(),
                message: found.delivery.message,
                verb: Verb::Terminate { receipt: None, reason: "the agent is retired".to_owned() },
                directory: Arc::clone(directory),
                notice: self.id()?,
            };
            changes.push(Change { tenant, now: self.clock.now(), version: None, command });
        }
        for committed in self.store.commit_all(changes).await {
            match committed {
                Ok(committed) => self.writer.notify_recipients(tenant, &committed.notify).await,
                // Received or settled in between.
                Err(store::Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(full)
    }

    /// Asks others the next open decisions that were asked of an agent; answers whether there may be more.
    async fn hand_over(&self, tenant: TenantId, agent: &AgentName, directory: &Arc<Directory>) -> Result<bool> {
        if directory.final_authority().is_empty() {
            return Ok(false);
        }
        let filter = DecisionFilter { asked_of: Some(agent.clone()), ..DecisionFilter::default() };
        let first = (i64::MIN, MessageId::FIRST);
        let found = self.store.decisions(tenant, &filter, DecisionState::Open, first, PART).await?;
        let full = found.len() == PART;
        for decision in found {
            let message = decision.message_id;
            let (agent, directory, notice) = (agent.clone(), Arc::clone(directory), self.id()?);
            self.writer.change(tenant, ReassignDecision { message, agent, directory, notice }).await?;
        }
        Ok(full)
    }

    fn id(&self) -> Result<MessageId> {
        random::message_id(self.clock.now())
    }
}
