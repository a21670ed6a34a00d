//! Traps: a connection is reset at an exact place of what is said on it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Where a connection is reset, once.
#[derive(Debug, Clone)]
pub struct Trap {
    /// The bytes of a request that it waits for.
    pub pattern: Vec<u8>,
    /// The place.
    pub cut: Cut,
    /// Whether nothing passes on any connection afterwards, as after [`super::Proxy::stall`].
    pub stalls: bool,
}

/// A place in what is said after the pattern has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// So many bytes of the request pass, counted from the first one of the pattern.
    Request(usize),
    /// The request passes, and so many bytes of the answers that follow.
    Answer(usize),
}

/// The trap that is set, if any, and how many have sprung.
#[derive(Default)]
pub(super) struct Traps {
    set: Mutex<Option<Trap>>,
    sprung: AtomicUsize,
}

impl Traps {
    pub(super) fn set(&self, trap: Trap) {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = Some(trap);
    }

    pub(super) fn sprung(&self) -> usize {
        self.sprung.load(Ordering::Acquire)
    }

    /// Takes the trap where these bytes hold what it waits for; and where that begins.
    fn caught(&self, bytes: &[u8]) -> Option<(Trap, usize)> {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let pattern = &set.as_ref()?.pattern;
        let at = bytes.windows(pattern.len()).position(|window| window == pattern.as_slice())?;
        Some((set.take()?, at))
    }
}

/// What a trap still lets pass on one connection.
struct Caught {
    trap: Trap,
    answer_left: usize,
}

/// One connection, which a trap may catch.
pub(super) struct Connection {
    traps: Arc<Traps>,
    caught: Mutex<Option<Caught>>,
    cut: Notify,
}

impl Connection {
    pub(super) fn new(traps: Arc<Traps>) -> Self {
        Self { traps, caught: Mutex::new(None), cut: Notify::new() }
    }

    /// How many of these bytes pass before the connection is reset; none where it goes on.
    pub(super) fn of_request(&self, bytes: &[u8]) -> Option<usize> {
        let (trap, at) = self.traps.caught(bytes)?;
        let (passes, answer_left) = match trap.cut {
            Cut::Request(count) => (Some((at + count).min(bytes.len())), 0),
            Cut::Answer(count) => (None, count),
        };
        *self.caught.lock().unwrap_or_else(PoisonError::into_inner) = Some(Caught { trap, answer_left });
        passes
    }

    /// The same for bytes of an answer.
    pub(super) fn of_answer(&self, length: usize) -> Option<usize> {
        let mut caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
        let caught = caught.as_mut()?;
        if length <= caught.answer_left {
            caught.answer_left -= length;
            return None;
        }
        Some(caught.answer_left)
    }

    /// Lets the connection be reset.
    pub(super) fn spring(&self) {
        self.cut.notify_one();
    }

    /// Waits for that, and answers whether everything stalls afterwards.
    pub(super) async fn sprung(&self) -> bool {
        self.cut.notified().await;
        self.traps.sprung.fetch_add(1, Ordering::AcqRel);
        let caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
        caught.as_ref().is_some_and(|caught| caught.trap.stalls)
    }
}
