//! Webhooks: how what is pushed is signed, so that a receiver can tell that it is ours, whole and new.
//!
//! The scheme is that of Standard Webhooks (`standardwebhooks.com`), which the libraries of Svix verify in a dozen languages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::agent::AgentName;
use crate::message::MessageId;
use crate::time::Time;

/// Bytes of a secret.
const SECRET_BYTES: usize = 32;

/// What a receiver and we know, and nobody else. Prints as `***`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SigningSecret(pub [u8; SECRET_BYTES]);

impl SigningSecret {
    /// As it is shown to its receiver: `whsec_` and the bytes in Base64.
    pub fn text(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.0))
    }

    /// The signature of a push, as it stands in `webhook-signature`: `v1,` and the Base64 of the HMAC-SHA256 over id, timestamp
    /// and body, joined by full stops.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// The secrets of one agent's webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSecrets {
    /// The one in force.
    pub current: SigningSecret,
    /// The one before, and until when it signs along, so that a receiver has time to change over.
    pub previous: Option<(SigningSecret, Time)>,
}

impl WebhookSecrets {
    /// Those that sign now.
    pub fn in_force(&self, now: Time) -> Vec<SigningSecret> {
        let previous = self.previous.filter(|(_, until)| *until > now).map(|(secret, _)| secret);
        std::iter::once(self.current).chain(previous).collect()
    }
}

/// The `webhook-id` of a message for one agent: the same at every attempt, by which a receiver tells what it has had before.
///
/// Signatures join their parts by full stops, so a name's own are written `~`, which no name has.
pub fn id(message: MessageId, agent: &AgentName) -> String {
    format!("{message}_{}", agent.as_str().replace('.', "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_any_hmac_tool_computes() {
        // printf 'msg_1.1674087231.{"a":1}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf '07%.0s' $(seq 32)) -binary | base64
        let secret = SigningSecret([7; 32]);
        assert_eq!(
            secret.sign("msg_1", 1_674_087_231, br#"{"a":1}"#),
            "v1,0ANzGnJGWWHmwudt0qLST2wpUTgWaHglALeEiddVSyk="
        );
        assert_eq!(secret.text(), "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        assert_eq!(format!("{secret:?}"), "***");
    }

    #[test]
    fn the_secret_before_signs_along_until_its_time_has_passed() {
        let (old, new) = (SigningSecret([1; 32]), SigningSecret([2; 32]));
        let secrets = WebhookSecrets { current: new, previous: Some((old, Time(10))) };
        assert_eq!(secrets.in_force(Time(9)), [new, old]);
        assert_eq!(secrets.in_force(Time(10)), [new]);
    }

    #[test]
    fn two_agents_behind_one_address_are_told_apart() {
        let message = MessageId(uuid::Uuid::nil());
        let id = |agent: &str| id(message, &AgentName::stored(agent.to_owned()));
        assert_eq!(id("a.b"), "00000000-0000-0000-0000-000000000000_a~b");
        assert_ne!(id("a.b"), id("a-b"));
    }
}
