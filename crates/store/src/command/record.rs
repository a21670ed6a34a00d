//! Records facts and the rows that hold them.

use domain::AgentName;
use domain::Time;
use domain::agent::Agent;
use domain::attachment::Stored;
use domain::directory::Grant;
use domain::event::NewEvent;
use domain::webhook::SigningSecret;

use super::{Command, Plan, ROW, bytes_of};
use crate::value::Row;
use crate::{KeyRow, Result};

/// Records facts and the rows that hold them; by default none.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The events, in order.
    pub events: Vec<NewEvent>,
    /// The rows.
    pub facts: Vec<Fact>,
}

/// A row that holds a fact which an event has recorded.
#[derive(Clone, Debug)]
pub enum Fact {
    /// An agent, new or changed. Moves the directory's version.
    Agent(Agent),
    /// A grant, new or renewed. Moves the directory's version.
    Grant(Grant),
    /// A key, new or revoked.
    Key(KeyRow),
    /// An attachment and who stored it; one that is known stays as it is, and so does what somebody has stored before.
    Attachment(Stored),
    /// A new secret of an agent's webhook.
    WebhookSecret {
        /// Whose webhook.
        agent: AgentName,
        /// The secret.
        secret: SigningSecret,
        /// Until when the one before, if there is one, signs along.
        previous_until: Time,
    },
}

impl Command for Record {
    type Loaded = ();
    type Outcome = ();

    fn bytes(&self) -> usize {
        bytes_of(&self.events) + ROW * self.facts.len()
    }

    fn load(&self, _rows: Vec<Row>) -> Result<()> {
        Ok(())
    }

    fn plan(self, (): (), plan: &mut Plan<'_>) -> Result<()> {
        for event in self.events {
            plan.event(event)?;
        }
        for fact in self.facts {
            plan.batch.fact(plan.tenant, fact, plan.now)?;
        }
        Ok(())
    }
}
