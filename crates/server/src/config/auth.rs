use std::net::SocketAddr;

use engine::config::ConfigError;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::Secret;

/// Bytes that an administrator's key must have, so that it cannot be guessed.
const ADMIN_KEY_BYTES_MIN: usize = 16;

/// Who may ask.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// How callers are known.
    pub mode: AuthMode,
    /// A key of the administrator of tenant `default`, for the first start; at least 16 bytes.
    pub admin_key: Option<Secret>,
}

/// How callers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// On a loopback address everybody is the administrator until the first key is made; then as `keys`.
    #[default]
    Open,
    /// Every request carries a key.
    Keys,
    /// Everybody is the administrator, wherever the server listens; beyond loopback only with `--insecure`.
    None,
}

impl AuthConfig {
    /// Everything that is wrong with these values, each named by its dotted key.
    pub fn faults(&self) -> Vec<ConfigError> {
        let mut faults = Vec::new();
        if self.admin_key.as_ref().is_some_and(|key| key.0.expose_secret().len() < ADMIN_KEY_BYTES_MIN) {
            faults.push(ConfigError::new("auth.admin_key", format!("shorter than {ADMIN_KEY_BYTES_MIN} bytes")));
        }
        faults
    }

    /// Says why a server may not listen at `listen` with this configuration, and the ways out; none: it may.
    pub fn refusal_to_listen(&self, listen: SocketAddr, insecure: bool) -> Option<String> {
        let local = listen.ip().to_canonical().is_loopback();
        match self.mode {
            AuthMode::Keys => None,
            AuthMode::None if insecure || local => None,
            AuthMode::None => Some(
                "auth.mode is `none`, which lets everybody do everything: add --insecure if that is meant".to_owned(),
            ),
            AuthMode::Open if local => None,
            AuthMode::Open => Some(format!(
                "{listen} can be reached from other machines, and nothing says who may ask. Either require keys \
                 (`auth: {{mode: keys}}`, or COORDINATION__AUTH__MODE=keys; the first one comes from `coord keys create --offline` \
                 or COORDINATION_ADMIN_KEY), or open it to everybody on purpose (`auth: {{mode: none}}` and --insecure)"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_need_keys_or_an_explicit_word() {
        let [here, also_here, there] =
            ["127.0.0.1:1", "[::1]:1", "0.0.0.0:1"].map(|address| address.parse().expect("an address"));
        let table = [
            (AuthMode::Open, here, false, true),
            (AuthMode::Open, also_here, false, true),
            (AuthMode::Open, there, false, false),
            (AuthMode::Open, there, true, false),
            (AuthMode::Keys, there, false, true),
            (AuthMode::None, there, true, true),
            (AuthMode::None, there, false, false),
            (AuthMode::None, here, false, true),
        ];
        for (mode, listen, insecure, allowed) in table {
            let config = AuthConfig { mode, admin_key: None };
            assert_eq!(config.refusal_to_listen(listen, insecure).is_none(), allowed, "{mode:?} {listen} {insecure}");
        }
    }

    #[test]
    fn a_guessable_key_is_a_fault() {
        let config = AuthConfig { mode: AuthMode::Keys, admin_key: Some(Secret::new("short")) };
        let keys: Vec<String> = config.faults().into_iter().map(|fault| fault.key).collect();
        assert_eq!(keys, ["auth.admin_key"]);
    }
}
