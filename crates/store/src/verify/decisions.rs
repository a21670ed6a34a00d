//! The decisions: every stored one compared with what the log tells, either way.

use std::fmt;

use domain::decision::Decision;
use domain::view::PROBLEMS_MAX;
use domain::{MessageId, TenantId};

use super::Check;
use crate::decision::decision;
use crate::value::{Row, Value};
use crate::{Result, Store};

/// Decisions that are read at once; each may hold an edited body.
const PAGE: usize = 500;

/// What stands in a row beside the decision.
const COLUMNS: &str = "c.message, c.asker, c.domain, c.state, c.place, c.data, \
     (SELECT COUNT(*) FROM decision_asked a WHERE a.tenant = c.tenant AND a.message = c.message)";

/// A decision that differs, and in what.
pub(super) struct Suspect {
    message: MessageId,
    why: String,
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the decision of message {}: {}", self.message, self.why)
    }
}

impl Store {
    /// Compares every stored decision with what the log tells; answers those that differ, either way.
    pub(super) async fn compare_decisions(&self, tenant: TenantId, check: &mut Check) -> Result<Vec<Suspect>> {
        let mut suspects = Vec::new();
        let sql = format!(
            "SELECT {COLUMNS} FROM decisions c WHERE c.tenant = $1 AND c.message > $2 ORDER BY c.message LIMIT $3"
        );
        let mut after = Value::from(MessageId::FIRST);
        loop {
            let rows = self.query(sql.as_str(), vec![tenant.0.into(), after.clone(), Value::Int(PAGE as i64)]).await?;
            let full = rows.len() == PAGE;
            after = rows.last().map_or(after, |row| row.0[0].clone());
            check.report.decisions += rows.len() as i64;
            suspects.extend(rows.into_iter().filter_map(|row| check.decision(row)));
            if !full {
                break;
            }
        }
        let missing = check.rebuilt.missing_decisions().take(PROBLEMS_MAX);
        let why = || "the log tells of it, the store has none".to_owned();
        suspects.extend(missing.map(|message| Suspect { message, why: why() }));
        suspects.extend(self.strayed(tenant).await?);
        suspects.truncate(PROBLEMS_MAX);
        Ok(suspects)
    }

    /// Compares the suspects once more; answers those that still differ.
    pub(super) async fn compare_decisions_again(
        &self,
        tenant: TenantId,
        suspects: Vec<Suspect>,
        check: &mut Check,
    ) -> Result<Vec<Suspect>> {
        let sql = format!("SELECT {COLUMNS} FROM decisions c WHERE c.tenant = $1 AND c.message = $2");
        let mut still = Vec::new();
        for suspect in suspects {
            let rows = self.query(sql.as_str(), vec![tenant.0.into(), suspect.message.into()]).await?;
            match rows.into_iter().next() {
                Some(row) => still.extend(check.decision(row)),
                None => still.push(suspect),
            }
        }
        still.extend(self.strayed(tenant).await?);
        Ok(still)
    }

    /// Decisions that stand elsewhere in the list of somebody who was asked than by themselves.
    async fn strayed(&self, tenant: TenantId) -> Result<Vec<Suspect>> {
        let sql = "SELECT a.message, a.agent FROM decision_asked a LEFT JOIN decisions c ON c.tenant = a.tenant \
                   AND c.message = a.message WHERE a.tenant = $1 AND (c.state IS NULL OR c.state <> a.state \
                   OR c.place <> a.place) LIMIT $2";
        let rows = self.query(sql, vec![tenant.0.into(), Value::Int(PROBLEMS_MAX as i64)]).await?;
        let read = |mut row: Row| {
            let (message, agent) = (row.message(0)?, row.text(1)?);
            Ok(Suspect { message, why: format!("it stands elsewhere in the list of {agent}") })
        };
        rows.into_iter().map(read).collect()
    }
}

impl Check {
    /// Compares one stored decision; a row that makes no sense is a problem at once.
    fn decision(&mut self, row: Row) -> Option<Suspect> {
        match read(row) {
            Ok((decision, beside)) => {
                let told = self.rebuilt.compare_decision(&decision);
                let why = told.err().or_else(|| (!beside).then(|| "its columns say something else".to_owned()));
                why.map(|why| Suspect { message: decision.message_id, why })
            }
            Err(error) => {
                self.problem(None, "decision", format!("a decision cannot be read: {error}"));
                None
            }
        }
    }
}

/// The decision of a row, and whether the columns beside it say the same.
fn read(mut row: Row) -> Result<(Decision, bool)> {
    let decision = decision(&row.text(5)?)?;
    let beside = row.message(0)? == decision.message_id
        && row.text(1)? == decision.asked_by.as_str()
        && row.opt_text(2)? == decision.domain
        && row.int(3)? == decision.state.code()
        && row.int(4)? == decision.place()
        && (row.int(6)? == decision.asked_of.len() as i64 || decision.fan_out);
    Ok((decision, beside))
}
