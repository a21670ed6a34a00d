use std::fmt::Display;

/// One thing that is wrong with a configuration, named by its dotted key (`limits.body_bytes`, `agents[1].name`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct ConfigError {
    /// The dotted key of the value at fault.
    pub key: String,
    /// What is wrong and what would be right.
    pub why: String,
}

impl ConfigError {
    /// A fault of `key`.
    pub fn new(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: key.into(), why: why.into() }
    }
}

/// Collects the faults of one section.
#[derive(Debug)]
pub struct ConfigErrors {
    section: &'static str,
    found: Vec<ConfigError>,
}

impl ConfigErrors {
    /// Begins with none of `section`.
    pub fn of(section: &'static str) -> Self {
        Self { section, found: Vec::new() }
    }

    /// Adds a fault of the section's `key`.
    pub fn add(&mut self, key: &str, why: impl Into<String>) {
        self.found.push(ConfigError::new(format!("{}.{key}", self.section), why));
    }

    /// Adds a fault when `value` is below `least` or above `most`, both allowed themselves.
    pub fn within<T: PartialOrd + Copy + Display>(&mut self, key: &str, value: T, least: T, most: T) {
        if value < least || value > most {
            self.add(key, format!("{value} is out of bounds: {least} to {most}"));
        }
    }

    /// Adds a fault when `value` is over the value of another key of the same section.
    pub fn at_most<T: PartialOrd + Copy + Display>(&mut self, key: &str, value: T, other: &str, limit: T) {
        if value > limit {
            self.add(key, format!("{value} is more than {}.{other} ({limit})", self.section));
        }
    }

    /// The faults in the order in which they were added.
    pub fn into_vec(self) -> Vec<ConfigError> {
        self.found
    }
}
