//! Ends a decision whose time has passed.

use domain::decision::Decision;
use domain::message::MessageId;
use domain::notice;

use super::{Command, Context, Plan, Query};
use crate::decision::decision;
use crate::value::Row;
use crate::{Result, load};

/// Ends a decision whose time has passed and that nobody has made, and tells who asked. Whether it did is the outcome.
#[derive(Clone, Debug)]
pub struct ExpireDecision {
    /// The message that asked.
    pub message: MessageId,
    /// The id for the notice.
    pub notice: MessageId,
}

impl Command for ExpireDecision {
    /// The decision and the message that asked.
    type Loaded = Option<(Decision, String)>;
    type Outcome = bool;

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

    fn plan(self, found: Self::Loaded, plan: &mut Plan<'_>) -> Result<bool> {
        let Some((decision, data)) = found else { return Ok(false) };
        let Some(change) = decision.elapse(self.notice, plan.now) else { return Ok(false) };
        let original = load::message(&data)?;
        plan.rule(&change)?;
        plan.tell(notice::undecided(&original, &change.decision, self.notice, plan.now))?;
        Ok(true)
    }
}
