//! What can go wrong with a store, by what it means for the caller.

use domain::Refusal;

/// A store's failure: surely not done, or perhaps done.
///
/// The split is Materialize's (`persist/src/location.rs`): a caller may repeat what was surely not done; what was perhaps done
/// it may repeat only under an idempotency key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rules say no. Not done.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The directory has changed since the decision was made. Not done; decide again.
    #[error("the directory changed since the decision")]
    Conflict,
    /// As many changes wait as the queue holds. Not done; come again.
    #[error("the commit queue is full")]
    Overloaded,
    /// The database cannot be reached, written or read. Not done.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The database did not say whether it was done.
    #[error("the store did not confirm the commit: {0}")]
    Unknown(String),
    /// The database takes offence at what the change would write. Not done, and never will be.
    #[error("the database refuses the change: {0}")]
    Rejected(String),
    /// What was read makes no sense.
    #[error("the store holds what it cannot hold: {0}")]
    Corrupt(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = crate::postgres::full(&error);
        // Class XX: what PostgreSQL read makes no sense to it.
        match error.code() {
            Some(code) if code.code().starts_with("XX") => Self::Corrupt(text),
            _ => Self::Unavailable(text),
        }
    }
}

impl Error {
    /// The same failure for everybody whose change it ended.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Unknown(why) => Self::Unknown(why.clone()),
            Self::Corrupt(why) => Self::Corrupt(why.clone()),
            Self::Rejected(why) => Self::Rejected(why.clone()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
