//! Names of authority domains.

use std::fmt;
use std::str::FromStr;

use crate::agent::AgentName;

/// The name of an authority domain: as strict as an agent's, see [`AgentName`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

impl DomainName {
    /// What is wrong with a text that is no such name.
    pub const FORM: &str = "must be 1 to 64 of letters, digits, `.`, `_` and `-`, beginning with a letter or digit";

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` follows the rules for names.
    pub fn is_valid(text: &str) -> bool {
        AgentName::is_valid(text)
    }
}

impl FromStr for DomainName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if Self::is_valid(text) { Ok(Self(text.to_owned())) } else { Err(Self::FORM.to_owned()) }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
