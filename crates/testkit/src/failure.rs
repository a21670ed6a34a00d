//! Why a thing that a test needs is not there.

use std::fmt;

/// Says what could not be done and what to do, in sentences; `unwrap` shows it as it is.
pub struct Failure(String);

impl Failure {
    /// Makes a failure of a sentence.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// Makes a failure of what was tried and the error that came of it.
    pub fn of(what: &str, error: &dyn fmt::Display) -> Self {
        Self(format!("cannot {what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
