use domain::Time;

use crate::Task;

/// Tasks that no worker could finish, kept until somebody looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The queue that they came from.
    pub queue: String,
    /// Why they are here: `delivery_limit` (came back unfinished too often), `rejected` (cannot be read), `expired`.
    pub reason: String,
    /// When they came here, in whole seconds, where that is known.
    pub died_at: Option<Time>,
    /// What was to do; empty where it cannot be read.
    pub tasks: Vec<Task>,
    /// The beginning of what cannot be read.
    pub unreadable: Option<String>,
}
