//! RabbitMQ's definitions: what a node imports when it starts, the user's password only as its hash.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

/// What makes equal passwords have different hashes.
pub(super) type Salt = [u8; 4];

/// The hash of a password in the form that RabbitMQ calls `rabbit_password_hashing_sha256`: base64 of the salt and of the
/// SHA-256 of salt and password.
pub(super) fn password_hash(salt: Salt, password: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(password.as_bytes()).finalize();
    STANDARD.encode([&salt[..], &digest[..]].concat())
}

/// Definitions with one user, who may do everything in the virtual host `/` and look at the management pages.
///
/// The server declares its queues itself, with their time to live and dead letters. The policy adds what a declaration cannot
/// change later: dead letters are confirmed before they leave their queue, a full queue refuses instead of dropping, and the
/// leaders of queues spread over the nodes.
pub(super) fn definitions(user: &str, password_hash: &str) -> String {
    let definitions = json!({
        "users": [{
            "name": user,
            "password_hash": password_hash,
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": ["monitoring"],
            "limits": {},
        }],
        "vhosts": [{ "name": "/" }],
        "permissions": [{ "user": user, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*" }],
        "policies": [{
            "name": "coordination-tasks",
            "vhost": "/",
            "pattern": "^coordination\\.tasks\\.(critical|high|normal|info)$",
            "apply-to": "queues",
            "priority": 1,
            "definition": {
                "dead-letter-strategy": "at-least-once",
                "overflow": "reject-publish",
                "queue-leader-locator": "balanced",
            },
        }],
    });
    format!("{definitions:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_s_hash_is_the_one_of_rabbitmq_s_documentation() {
        // From "Passwords", section "This is the algorithm": salt 908DC60A, password test12.
        let hash = password_hash([0x90, 0x8D, 0xC6, 0x0A], "test12");
        assert_eq!(hash, "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR");
    }

    #[test]
    fn no_password_is_in_the_definitions() {
        let text = definitions("coordination", &password_hash(Salt::default(), "hunter2"));
        let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(!text.contains("hunter2"));
        assert_eq!(parsed["users"][0]["hashing_algorithm"], "rabbit_password_hashing_sha256");
    }
}
