//! Verification: the chain recomputed, every delivery, decision, agent, grant, key and attachment made again from the log and
//! compared with what is stored, and what is kept beside them counted again.

mod chain;
mod counts;
mod decisions;
mod deliveries;
mod kept;
mod rows;
mod structure;

pub use structure::Structure;

use domain::rebuild::Rebuilt;
use domain::recorded::Recorded;
use domain::view::{PROBLEMS_MAX, Problem, Report};
use domain::{Digest, TenantId};

use crate::archive::Trimmed;
use crate::{Error, Result, Store};

/// How often a delivery that moves while it is compared is looked at again.
const LOOKS: usize = 5;

impl Store {
    /// Verifies a tenant's log and deliveries, while both may go on changing.
    ///
    /// Reads everything once, in pages, and keeps about a hundred bytes of every delivery in memory. Fails only where the
    /// database cannot be asked; a row that makes no sense is a problem like others, and so is a table that cannot be read.
    pub async fn verify(&self, tenant: TenantId) -> Result<Report> {
        match self.verify_at_rest(tenant).await {
            Err(Error::Corrupt(detail)) => {
                let problem = Problem { seq: None, what: "database", detail };
                Ok(Report { problems: vec![problem], ..Report::default() })
            }
            outcome => outcome,
        }
    }

    /// Verifies again where the beginning of the log moved meanwhile.
    async fn verify_at_rest(&self, tenant: TenantId) -> Result<Report> {
        let mut trimmed = self.trimmed(tenant).await?;
        for _ in 0..LOOKS {
            let report = self.verify_after(tenant, trimmed).await?;
            let now = self.trimmed(tenant).await?;
            if report.problems.is_empty() || now == trimmed {
                return Ok(report);
            }
            // What it missed may have gone to the archive while it read.
            trimmed = now;
        }
        self.verify_after(tenant, trimmed).await
    }

    async fn verify_after(&self, tenant: TenantId, trimmed: Trimmed) -> Result<Report> {
        let mut check =
            Check { seq: trimmed.seq, hash: trimmed.hash, tells_all: trimmed.tells_all, ..Check::default() };
        check.report.trimmed_seq = trimmed.seq;
        if !trimmed.tells_all {
            let left_out = "agents, grants, keys and attachments of which only the archive tells: the log was trimmed by a \
                            version that did not keep their events";
            check.report.left_out.push(left_out.to_owned());
        }
        let outcome = self.kept(tenant, &mut check).await;
        check.unless_damaged(outcome)?;
        let outcome = self.walk(tenant, &mut check).await;
        check.unless_damaged(outcome)?;
        let outcome = self.deliveries_again(tenant, &mut check).await;
        check.unless_damaged(outcome)?;
        let outcome = self.decided(tenant, &mut check).await;
        check.unless_damaged(outcome)?;
        let outcome = self.compare_rows(tenant, &mut check).await;
        check.unless_damaged(outcome)?;
        self.orphans(tenant, &mut check).await?;
        let outcome = self.count_all(tenant, &mut check).await;
        check.unless_damaged(outcome)?;
        Ok(check.report)
    }

    async fn deliveries_again(&self, tenant: TenantId, check: &mut Check) -> Result<()> {
        let mut suspects = self.compare_all(tenant, check).await?;
        for _ in 0..LOOKS {
            if suspects.is_empty() {
                break;
            }
            // Each may just have moved: the log up to now is read, and what it tells compared with how it stands now.
            self.walk(tenant, check).await?;
            suspects = self.compare_again(tenant, suspects, check).await?;
        }
        for suspect in suspects {
            check.problem(None, "delivery", suspect.to_string());
        }
        Ok(())
    }

    /// Compares the decisions, those that differ again after the log up to now.
    async fn decided(&self, tenant: TenantId, check: &mut Check) -> Result<()> {
        self.walk(tenant, check).await?;
        let mut suspects = self.compare_decisions(tenant, check).await?;
        for _ in 0..LOOKS {
            if suspects.is_empty() {
                break;
            }
            self.walk(tenant, check).await?;
            suspects = self.compare_decisions_again(tenant, suspects, check).await?;
        }
        for suspect in suspects {
            check.problem(None, "decision", suspect.to_string());
        }
        Ok(())
    }
}

/// How far verification has come.
#[derive(Default)]
struct Check {
    seq: i64,
    hash: Digest,
    rebuilt: Rebuilt,
    recorded: Recorded,
    /// Whether the log holds every event that a row was made from.
    tells_all: bool,
    missing_keys: usize,
    report: Report,
}

impl Check {
    fn problem(&mut self, seq: Option<i64>, what: &'static str, detail: String) {
        if !self.is_full() {
            self.report.problems.push(Problem { seq, what, detail });
        }
    }

    /// What was read; where the database is damaged, that is a problem like others, and nothing was read.
    fn unless_damaged<T>(&mut self, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(read) => Ok(Some(read)),
            Err(Error::Corrupt(why)) => {
                self.problem(None, "database", why);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn is_full(&self) -> bool {
        self.report.problems.len() >= PROBLEMS_MAX
    }
}
