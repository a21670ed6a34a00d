//! Forgets idempotency keys whose time has passed.

use super::{Command, Plan};
use crate::Result;
use crate::statements::FORGET;
use crate::value::Row;

/// Forgets idempotency keys whose time has passed.
#[derive(Clone, Debug)]
pub struct Forget {
    /// How many at most.
    pub max: usize,
}

impl Command for Forget {
    type Loaded = ();
    type Outcome = ();

    fn load(&self, _rows: Vec<Row>) -> Result<()> {
        Ok(())
    }

    fn plan(self, (): (), plan: &mut Plan<'_>) -> Result<()> {
        plan.push((&FORGET, vec![plan.tenant.0.into(), plan.now.into(), (self.max as i64).into()]));
        Ok(())
    }
}
