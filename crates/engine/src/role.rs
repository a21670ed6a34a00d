//! Roles: what a process does of all that is to be done.

/// Which loops run behind the verbs of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything in one process.
    All,
    /// Answers requests, and hands tasks to the workers of other processes.
    Api,
    /// Works on tasks, and does what is due.
    Worker,
}

impl Role {
    /// Whether it works on tasks and does what is due.
    pub fn works(self) -> bool {
        self != Self::Api
    }

    /// Whether it makes the configured agents where they are missing.
    pub(crate) fn founds(self) -> bool {
        self != Self::Worker
    }

    /// Whether it publishes tasks: where they reach a worker, in this process or through a broker that others share.
    pub(crate) fn relays(self, broker_is_shared: bool) -> bool {
        self.works() || broker_is_shared
    }
}
