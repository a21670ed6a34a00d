//! What processes send each other, notifications and invalidations, as short lines of text.

use domain::{AgentName, TenantId};

/// What a cache holds that may be stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stale {
    /// A tenant's agents and grants.
    Directory(TenantId),
    /// A tenant's keys.
    Keys(TenantId),
    /// Anything: messages may have been missed.
    Everything,
}

/// One entry of a message between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Invalidation {
    /// A delivery came for an agent.
    Inbox(TenantId, AgentName),
    /// A tenant's log has grown.
    Log(TenantId),
    /// There are tasks to publish.
    Tasks,
    /// Something cached may be stale.
    Stale(Stale),
    /// Too much has happened to list: every process polls everything.
    Everything,
}

impl Invalidation {
    /// Adds this entry's line to a message.
    pub(crate) fn write(&self, text: &mut String) {
        use std::fmt::Write;
        // Writing to a `String` does not fail.
        let _ = match self {
            Self::Inbox(tenant, agent) => writeln!(text, "inbox {} {agent}", tenant.0),
            Self::Tasks => writeln!(text, "tasks"),
            Self::Log(tenant) => writeln!(text, "log {}", tenant.0),
            Self::Stale(Stale::Directory(tenant)) => writeln!(text, "directory {}", tenant.0),
            Self::Stale(Stale::Keys(tenant)) => writeln!(text, "keys {}", tenant.0),
            Self::Stale(Stale::Everything) => writeln!(text, "stale"),
            Self::Everything => writeln!(text, "everything"),
        };
    }

    /// Reads a line; none where this version does not know it, as a newer version's.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let kind = words.next()?;
        let mut tenant = || words.next().and_then(|word| word.parse().ok()).map(TenantId);
        match kind {
            "inbox" => {
                let tenant = tenant()?;
                let agent = words.next().filter(|agent| AgentName::is_valid(agent))?;
                Some(Self::Inbox(tenant, AgentName::stored(agent.to_owned())))
            }
            "tasks" => Some(Self::Tasks),
            "log" => Some(Self::Log(tenant()?)),
            "directory" => Some(Self::Stale(Stale::Directory(tenant()?))),
            "keys" => Some(Self::Stale(Stale::Keys(tenant()?))),
            "stale" => Some(Self::Stale(Stale::Everything)),
            "everything" => Some(Self::Everything),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_read_as_it_was_written() {
        let tenant = TenantId(7);
        let all = [
            Invalidation::Inbox(tenant, AgentName::stored("code-1.x_y".to_owned())),
            Invalidation::Log(tenant),
            Invalidation::Tasks,
            Invalidation::Stale(Stale::Directory(tenant)),
            Invalidation::Stale(Stale::Keys(tenant)),
            Invalidation::Stale(Stale::Everything),
            Invalidation::Everything,
        ];
        let mut text = String::new();
        for news in &all {
            news.write(&mut text);
        }
        assert!(text.lines().map(Invalidation::read).eq(all.into_iter().map(Some)));
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        for line in ["", "inbox", "inbox x code", "inbox 7", "inbox 7 a/b", "log", "weather 7"] {
            assert_eq!(Invalidation::read(line), None, "{line}");
        }
    }
}
