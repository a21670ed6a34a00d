//! What a user may set of what may vanish.

use domain::Secret;
use serde::{Deserialize, Serialize};

use crate::redis::Topology;

/// Wake-ups, presence and rate limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EphemeralConfig {
    /// Redis: `redis://user:password@host:6379/0`, `redis+sentinel://host:26379,host:26379/MASTER/0` or
    /// `redis+cluster://host:6379,host:6379`; with `rediss` over TLS. Absent: the memory of this process.
    pub url: Option<Secret>,
    /// What every key and channel begins with; 1 to 100 of letters, digits, `.`, `_` and `-`.
    pub prefix: String,
}

impl Default for EphemeralConfig {
    fn default() -> Self {
        Self { url: None, prefix: "coordination".to_owned() }
    }
}

impl EphemeralConfig {
    /// Everything that is wrong with these values: the key within the section, and why.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if let Some(Err(error)) = self.url.as_ref().map(|url| Topology::parse(url.expose())) {
            faults.push(("url", error.to_string()));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !(1..=100).contains(&self.prefix.len()) || !self.prefix.bytes().all(allowed) {
            faults.push(("prefix", "must be 1 to 100 of letters, digits, `.`, `_` and `-`".to_owned()));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_free_of_faults() {
        assert_eq!(EphemeralConfig::default().faults(), []);
    }

    #[test]
    fn what_is_wrong_is_named_and_the_password_is_not() {
        let url = Some(Secret::new("http://:hunter2@localhost"));
        let faults = EphemeralConfig { url, prefix: String::new() }.faults();
        assert_eq!(faults.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["url", "prefix"]);
        assert!(!format!("{faults:?}").contains("hunter2"));
    }
}
