//! The deliveries: every stored one compared with what the log tells, either way.

use std::fmt;

use domain::{AgentName, MessageId, TenantId};

use domain::view::PROBLEMS_MAX;

use super::Check;
use crate::rows::{DELIVERY, delivery_row};
use crate::value::{Row, Value};
use crate::{Result, Store};

/// Deliveries that are read at once.
const PAGE: usize = 2_000;

/// A delivery that differs: whose, of which message, and in what.
pub(super) struct Suspect {
    seq: i64,
    message: MessageId,
    agent: AgentName,
    why: String,
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} to {}: {}", self.message, self.agent, self.why)
    }
}

impl Store {
    /// Compares every stored delivery with what the log tells; answers those that differ, either way.
    pub(super) async fn compare_all(&self, tenant: TenantId, check: &mut Check) -> Result<Vec<Suspect>> {
        let mut suspects = Vec::new();
        let sql = format!(
            "SELECT {DELIVERY}, d.due FROM deliveries d WHERE d.tenant = $1 AND (d.agent, d.seq) > ($2, $3) \
             ORDER BY d.agent, d.seq LIMIT $4"
        );
        let mut after = (Value::from(""), Value::Int(0));
        loop {
            let (agent, seq) = after.clone();
            let rows = self.query(sql.as_str(), vec![tenant.0.into(), agent, seq, Value::Int(PAGE as i64)]).await?;
            let full = rows.len() == PAGE;
            after = rows.last().map_or(after, |row| (row.0[0].clone(), row.0[1].clone()));
            check.report.deliveries += rows.len() as i64;
            suspects.extend(rows.into_iter().filter_map(|row| check.delivery(row)));
            if !full {
                break;
            }
        }
        let missing = check.rebuilt.missing().take(PROBLEMS_MAX);
        suspects.extend(missing.map(|(seq, message, agent)| Suspect {
            seq,
            message,
            agent: agent.clone(),
            why: "the log tells of it, the store has none".to_owned(),
        }));
        suspects.truncate(PROBLEMS_MAX);
        Ok(suspects)
    }

    /// Compares the suspects once more; answers those that still differ.
    pub(super) async fn compare_again(
        &self,
        tenant: TenantId,
        suspects: Vec<Suspect>,
        check: &mut Check,
    ) -> Result<Vec<Suspect>> {
        let sql =
            format!("SELECT {DELIVERY}, d.due FROM deliveries d WHERE d.tenant = $1 AND d.agent = $2 AND d.seq = $3");
        let mut still = Vec::new();
        for suspect in suspects {
            let parameters = vec![tenant.0.into(), (&suspect.agent).into(), suspect.seq.into()];
            match self.query(sql.as_str(), parameters).await?.into_iter().next() {
                Some(row) => still.extend(check.delivery(row)),
                None => still.push(suspect),
            }
        }
        Ok(still)
    }
}

impl Check {
    /// Compares one stored delivery; a row that makes no sense is a problem at once.
    fn delivery(&mut self, mut row: Row) -> Option<Suspect> {
        let whose = match row.0.as_slice() {
            [Value::Text(agent), Value::Int(seq), ..] => format!("the message at {seq} to {agent}"),
            _ => "a delivery".to_owned(),
        };
        let read = delivery_row(&mut row).and_then(|delivery| Ok((delivery, row.opt_time(16)?)));
        let (delivery, due) = match read {
            Ok(read) => read,
            Err(error) => {
                self.problem(None, "delivery", format!("{whose} cannot be read: {error}"));
                return None;
            }
        };
        let told = self.rebuilt.compare(&delivery);
        let why = told.err().or_else(|| (delivery.due() != due).then(|| "it is not due when its times say".to_owned()));
        why.map(|why| Suspect { seq: delivery.seq, message: delivery.message, agent: delivery.agent, why })
    }
}
