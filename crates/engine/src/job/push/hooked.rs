//! Who has a webhook, kept by version of the directory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use domain::{AgentName, Directory, TenantId};

/// The active agents of one tenant that have a webhook, each with its host.
pub(super) type Hooks = Arc<BTreeMap<AgentName, String>>;

/// Who has a webhook, of every tenant that was asked about.
#[derive(Default)]
pub(super) struct Hooked {
    known: Mutex<HashMap<TenantId, (i64, Hooks)>>,
}

impl Hooked {
    /// Who has one in this directory.
    pub(super) fn of(&self, tenant: TenantId, directory: &Directory) -> Hooks {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, hooks)) = known.get(&tenant)
            && *version == directory.version
        {
            return Arc::clone(hooks);
        }
        let hook = |agent: &domain::Agent| Some((agent.name.clone(), host(agent.webhook.as_deref()?)));
        let hooks = Arc::new(directory.active().filter_map(hook).collect());
        known.insert(tenant, (directory.version, Arc::clone(&hooks)));
        hooks
    }
}

/// The host of an address, with its port; only for telling hosts apart.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_without_user_and_path() {
        for (url, expected) in [
            ("https://Hooks.Example.org/a/b?c#d", "hooks.example.org"),
            ("http://u:p@w@127.0.0.1:9000", "127.0.0.1:9000"),
            ("https://[::1]:8443/x@y", "[::1]:8443"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
