//! Verification: the chain recomputed, every delivery rebuilt from the log, both compared with what is stored, and what is kept
//! beside them counted again.

mod chain;
mod counts;
mod deliveries;
mod kept;

use domain::rebuild::Rebuilt;
use domain::view::{PROBLEMS_MAX, Problem, Report};
use domain::{Digest, TenantId};

use crate::archive::Trimmed;
use crate::{Result, Store};

/// How often a delivery that moves while it is compared is looked at again.
const LOOKS: usize = 5;

impl Store {
    /// Verifies a tenant's log and deliveries, while both may go on changing.
    ///
    /// Reads everything once, in pages, and keeps about a hundred bytes of every delivery in memory. Fails only where the
    /// database itself cannot be read; a row that makes no sense is a problem like others.
    pub async fn verify(&self, tenant: TenantId) -> Result<Report> {
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
        let mut check = Check { seq: trimmed.seq, hash: trimmed.hash, ..Check::default() };
        check.report.trimmed_seq = trimmed.seq;
        self.kept(tenant, &mut check).await?;
        self.walk(tenant, &mut check).await?;
        let mut suspects = self.compare_all(tenant, &mut check).await?;
        for _ in 0..LOOKS {
            if suspects.is_empty() {
                break;
            }
            // Each may just have moved: the log up to now is read, and what it tells compared with how it stands now.
            self.walk(tenant, &mut check).await?;
            suspects = self.compare_again(tenant, suspects, &mut check).await?;
        }
        for suspect in suspects {
            check.problem(None, "delivery", suspect.to_string());
        }
        self.count_all(tenant, &mut check).await?;
        Ok(check.report)
    }
}

/// How far verification has come.
#[derive(Default)]
struct Check {
    seq: i64,
    hash: Digest,
    rebuilt: Rebuilt,
    report: Report,
}

impl Check {
    fn problem(&mut self, seq: Option<i64>, what: &'static str, detail: String) {
        if !self.is_full() {
            self.report.problems.push(Problem { seq, what, detail });
        }
    }

    fn is_full(&self) -> bool {
        self.report.problems.len() >= PROBLEMS_MAX
    }
}
