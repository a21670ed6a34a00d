//! Hands a decision over to the final authority where nobody is left who was asked.

use std::sync::Arc;

use domain::AgentName;
use domain::decision::Decision;
use domain::directory::Directory;
use domain::message::MessageId;
use domain::notice;

use super::{Command, Context, Plan, Query};
use crate::decision::decision;
use crate::value::Row;
use crate::{Result, load};

/// Takes a retired agent from those who were asked; where nobody active is left, the final authority is asked and told.
#[derive(Clone, Debug)]
pub struct ReassignDecision {
    /// The message that asked.
    pub message: MessageId,
    /// Who is retired.
    pub agent: AgentName,
    /// What the rules need to know.
    pub directory: Arc<Directory>,
    /// The id for the notice, should one be sent.
    pub notice: MessageId,
}

impl Command for ReassignDecision {
    /// The decision and the message that asked.
    type Loaded = Option<(Decision, String)>;
    type Outcome = ();

    fn query(&self, context: &Context) -> Option<Query> {
        let sql = "SELECT c.data, e.data FROM decisions c JOIN messages m ON m.tenant = c.tenant AND m.id = c.message \
                   JOIN events e ON e.tenant = m.tenant AND e.seq = m.seq WHERE c.tenant = $1 AND c.message = $2";
        Some((sql.to_owned(), vec![context.tenant.0.into(), self.message.into()]))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded> {
        let read = |mut row: Row| Ok((decision(&row.text(0)?)?, row.text(1)?));
        rows.into_iter().next().map(read).transpose()
    }

    fn overlay(&self, found: &mut Self::Loaded, plan: &Plan<'_>) {
        if let Some((decision, _)) = found
            && let Some(now) = plan.batch.ruled(plan.tenant, decision.message_id)
        {
            *decision = now.clone();
        }
    }

    fn plan(self, found: Self::Loaded, plan: &mut Plan<'_>) -> Result<()> {
        let Some((decision, data)) = found else { return Ok(()) };
        let before = decision.clone();
        let Some(change) = decision.reassign(&self.directory) else {
            // Only its place in the list of the retired agent goes; so it is not found there again.
            if before.fan_out {
                plan.batch.not_asked(plan.tenant, self.message, &self.agent);
            }
            return Ok(());
        };
        let original = load::message(&data)?;
        for name in before.asked_of.iter().filter(|name| !change.decision.asked_of.contains(name)) {
            plan.batch.not_asked(plan.tenant, self.message, &AgentName::stored(name.clone()));
        }
        plan.rule(&change)?;
        let told = notice::reassigned(&original, &before, &change.decision, self.notice, plan.now);
        told.map_or(Ok(()), |notice| plan.tell(Some(notice)))
    }
}
