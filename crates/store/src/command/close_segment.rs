//! Closes the next segment of a log, so that whoever writes it into the archive writes the same.

use domain::Digest;

use super::{Command, Context, Plan, Query, Sharing};
use crate::archive::statements::CLOSE_SEGMENT;
use crate::value::Row;
use crate::{Error, Result};

/// Closes the segment after the last one. Where that is not written yet, or another one was closed since, it is a conflict.
#[derive(Clone, Debug)]
pub struct CloseSegment {
    /// Its first position.
    pub first: i64,
    /// Its last position.
    pub last: i64,
    /// The name its object will have.
    pub object: String,
}

/// The log as it stands.
pub struct Standing {
    head: i64,
    /// The hash of the event at the end of the new segment, where there is one.
    hash: Option<Digest>,
    /// Where the last segment ends and whether it is written.
    before: Option<(i64, bool)>,
}

impl Command for CloseSegment {
    type Loaded = Option<Standing>;
    type Outcome = ();

    fn sharing(&self) -> Sharing<'_> {
        Sharing::Alone
    }

    fn query(&self, context: &Context) -> Option<Query> {
        let sql = "SELECT t.seq, e.hash, s.last, CASE WHEN s.sha256 IS NULL THEN 0 ELSE 1 END FROM tenants t \
                   LEFT JOIN events e ON e.tenant = t.id AND e.seq = $2 \
                   LEFT JOIN segments s ON s.tenant = t.id AND s.first = \
                   (SELECT z.first FROM segments z WHERE z.tenant = $1 AND z.first > 0 ORDER BY z.first DESC LIMIT 1) WHERE t.id = $1";
        Some((sql.to_owned(), vec![context.tenant.0.into(), self.last.into()]))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Self::Loaded> {
        let read = |mut row: Row| {
            let written = row.int(3)? != 0;
            let before = row.opt_int(2)?.map(|last| (last, written));
            Ok(Standing { head: row.int(0)?, hash: row.opt_bytes(1)?.map(Digest), before })
        };
        rows.into_iter().next().map(read).transpose()
    }

    fn plan(self, log: Self::Loaded, plan: &mut Plan<'_>) -> Result<()> {
        let Self { first, last, object } = self;
        let Standing { head, hash, before } = log.ok_or(Error::Conflict)?;
        let follows = before.map_or(first == 1, |(before, written)| written && before + 1 == first);
        let Some(hash) = hash.filter(|_| follows && first <= last && last <= head) else {
            return Err(Error::Conflict);
        };
        let row = vec![plan.tenant.0.into(), first.into(), last.into(), hash.into(), object.into()];
        plan.push((&CLOSE_SEGMENT, row));
        Ok(())
    }
}
