use std::time::Duration;

/// Why tasks were not, or perhaps not, queued. Whoever publishes repeats it later: a task that comes twice does no harm.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection; surely not queued.
    #[error("the broker cannot be reached: {0}")]
    Unreachable(String),
    /// The broker is there and takes nothing now; surely not queued.
    #[error("the broker takes no tasks now: {0}")]
    Blocked(String),
    /// The broker did not answer in time; perhaps queued.
    #[error("the broker did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// The broker answered with a failure; perhaps queued in part.
    #[error("the broker did not take it: {0}")]
    Failed(String),
}

impl Error {
    /// Whether the broker as a whole is at fault, and no lane would have been taken.
    pub fn is_of_all_lanes(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Blocked(_))
    }
}

/// Why a URL names no RabbitMQ. Never repeats the URL, which holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UrlError(pub(crate) String);
