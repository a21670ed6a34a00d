//! Moves the beginning of a log.

use domain::Digest;

use super::{Command, Context, Plan, Query, Sharing};
use crate::archive::ARCHIVE_CURSOR;
use crate::archive::statements::{DROP_EVENTS, KEEP_EVENTS, PUT_TRIM, UNKEEP_EVENTS};
use crate::value::Row;
use crate::{Error, Result};

/// Moves the beginning of a log and removes what was before it and is about no message. Where the log begins elsewhere by now, or
/// is not archived as far, it is a conflict.
#[derive(Clone, Debug)]
pub struct TrimLog {
    /// Where it begins now.
    pub after: i64,
    /// Where it will begin.
    pub to: i64,
}

/// The log as it stands.
pub struct Standing {
    head: i64,
    /// The hash of the event where it will begin, where there is one.
    hash: Option<Digest>,
    trimmed: i64,
    archived: i64,
}

impl Command for TrimLog {
    type Loaded = Option<Standing>;
    type Outcome = ();

    fn sharing(&self) -> Sharing<'_> {
        Sharing::Alone
    }

    fn query(&self, context: &Context) -> Option<Query> {
        let sql = "SELECT t.seq, e.hash, COALESCE(x.seq, 0), COALESCE(c.seq, 0) FROM tenants t \
                   LEFT JOIN events e ON e.tenant = t.id AND e.seq = $2 LEFT JOIN trims x ON x.tenant = t.id \
                   LEFT JOIN cursors c ON c.tenant = t.id AND c.name = $3 WHERE t.id = $1";
        Some((sql.to_owned(), vec![context.tenant.0.into(), self.to.into(), ARCHIVE_CURSOR.into()]))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded> {
        let read = |mut row: Row| {
            let hash = row.opt_bytes(1)?.map(Digest);
            Ok(Standing { head: row.int(0)?, hash, trimmed: row.int(2)?, archived: row.int(3)? })
        };
        rows.into_iter().next().map(read).transpose()
    }

    fn plan(self, log: Self::Loaded, plan: &mut Plan<'_>) -> Result<()> {
        let Self { after, to } = self;
        let Standing { head, hash, trimmed, archived } = log.ok_or(Error::Conflict)?;
        // The last event stays: who follows the log can always tell that it is this one.
        let right = trimmed == after && after < to && to <= archived && to < head;
        let Some(hash) = hash.filter(|_| right) else { return Err(Error::Conflict) };
        let tenant = plan.tenant.0;
        for statement in [&KEEP_EVENTS, &DROP_EVENTS, &UNKEEP_EVENTS] {
            plan.push((statement, vec![tenant.into(), after.into(), to.into()]));
        }
        plan.push((&PUT_TRIM, vec![tenant.into(), to.into(), hash.into()]));
        Ok(())
    }
}
