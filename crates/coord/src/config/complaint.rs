use std::fmt;

use super::node::Origin;

/// One thing that is wrong with the configuration: where it stands, its dotted key, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Complaint {
    pub(super) origin: Origin,
    pub(super) key: String,
    pub(super) why: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.origin, self.why),
            key => write!(f, "{}: {key}: {}", self.origin, self.why),
        }
    }
}

/// Everything that is wrong with the configuration, in the order in which it stands there.
#[derive(Debug, thiserror::Error)]
pub(crate) struct Complaints(pub(crate) Vec<Complaint>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let things = if self.0.len() == 1 { "one thing is".to_owned() } else { format!("{} things are", self.0.len()) };
        write!(f, "{things} wrong with the configuration")?;
        self.0.iter().try_for_each(|complaint| write!(f, "\n  {complaint}"))
    }
}
