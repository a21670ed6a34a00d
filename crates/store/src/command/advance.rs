//! Moves the cursor of a reader of the log.

use super::{Command, Plan};
use crate::Result;
use crate::statements::ADVANCE;
use crate::value::Row;

/// Moves the cursor of a reader of the log; never back.
#[derive(Clone, Debug)]
pub struct Advance {
    /// The reader.
    pub reader: &'static str,
    /// How far it has come.
    pub seq: i64,
}

impl Command for Advance {
    type Loaded = ();
    type Outcome = ();

    fn load(&self, _rows: Vec<Row>) -> Result<()> {
        Ok(())
    }

    fn plan(self, (): (), plan: &mut Plan<'_>) -> Result<()> {
        plan.push((&ADVANCE, vec![plan.tenant.0.into(), self.reader.into(), self.seq.into()]));
        Ok(())
    }
}
