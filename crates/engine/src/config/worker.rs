use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::fault::ConfigErrors;

/// What a process that works on tasks may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerConfig {
    /// Tasks that are worked on at a time; 1 to 256.
    pub concurrency: usize,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self { concurrency: 4 }
    }
}

impl WorkerConfig {
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        let mut faults = ConfigErrors::of("worker");
        faults.within("concurrency", self.concurrency, 1, 256);
        faults.into_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrency_has_bounds() {
        let faults = |concurrency| WorkerConfig { concurrency }.faults().len();
        assert_eq!([0, 1, 256, 257].map(faults), [1, 0, 0, 1]);
    }
}
