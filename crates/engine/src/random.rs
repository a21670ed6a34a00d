//! Randomness: the one place where random bytes come in.

use std::cell::RefCell;

use domain::Time;
use domain::message::MessageId;

use crate::{Engine, Error, Result};

/// Random bytes from the operating system.
#[expect(clippy::disallowed_methods, reason = "this is where randomness comes in")]
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

/// Bytes that a thread fetches from the operating system at a time for its ids: one call into the kernel for each would cost
/// more than all else that an id needs.
const FETCHED: usize = 640;

thread_local! {
    /// Random bytes of this thread, and how many of them are left, from the front.
    static IDS: RefCell<([u8; FETCHED], usize)> = const { RefCell::new(([0; FETCHED], 0)) };
}

/// Ten random bytes for an id; never for a secret.
fn for_id() -> Result<[u8; 10]> {
    IDS.with_borrow_mut(|(fetched, left)| {
        if *left < 10 {
            (*fetched, *left) = (bytes()?, FETCHED);
        }
        *left -= 10;
        let mut taken = [0; 10];
        taken.copy_from_slice(&fetched[*left..*left + 10]);
        Ok(taken)
    })
}

/// A new message id, made at this time.
pub(crate) fn message_id(now: Time) -> Result<MessageId> {
    Ok(MessageId::new(now, for_id()?))
}

impl Engine {
    /// A new message id.
    pub(crate) fn new_id(&self) -> Result<MessageId> {
        message_id(self.now())
    }
}
