//! Says that a segment is in the archive.

use domain::Digest;

use super::{Command, Plan, Sharing};
use crate::Result;
use crate::archive::ARCHIVE_CURSOR;
use crate::archive::statements::SEGMENT_WRITTEN;
use crate::statements::ADVANCE;
use crate::value::Row;

/// Says that the object of a closed segment is written and was read back.
#[derive(Clone, Debug)]
pub struct ConfirmSegment {
    /// The segment's first position.
    pub first: i64,
    /// And its last.
    pub last: i64,
    /// The SHA-256 of the object.
    pub sha256: Digest,
    /// Its size.
    pub bytes: i64,
}

impl Command for ConfirmSegment {
    type Loaded = ();
    type Outcome = ();

    fn sharing(&self) -> Sharing<'_> {
        Sharing::Alone
    }

    fn load(&self, _rows: Vec<Row>) -> Result<()> {
        Ok(())
    }

    fn plan(self, (): (), plan: &mut Plan<'_>) -> Result<()> {
        let tenant = plan.tenant.0;
        let segment = vec![tenant.into(), self.first.into(), self.sha256.into(), self.bytes.into()];
        plan.push((&SEGMENT_WRITTEN, segment));
        plan.push((&ADVANCE, vec![tenant.into(), ARCHIVE_CURSOR.into(), self.last.into()]));
        Ok(())
    }
}
