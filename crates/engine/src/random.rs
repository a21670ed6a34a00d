//! Chance: the one place where random bytes come in.

use domain::message::MessageId;

use crate::{Engine, Error, Result};

/// Random bytes from the operating system.
#[expect(clippy::disallowed_methods, reason = "this is where chance comes in")]
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

impl Engine {
    /// A new message id.
    pub(crate) fn new_id(&self) -> Result<MessageId> {
        Ok(MessageId::new(self.now(), bytes()?))
    }
}
