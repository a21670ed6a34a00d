use domain::Time;
use domain::webhook::WebhookSecrets;

use super::time;

/// The secrets of an agent's webhook: the one in force, and until when the one before signs along.
pub fn secret(agent: String, secrets: &WebhookSecrets, now: Time) -> crate::WebhookSecret {
    let previous = secrets.previous.filter(|(_, until)| *until > now);
    crate::WebhookSecret {
        agent,
        secret: secrets.current.text(),
        previous_until: previous.map(|(_, until)| time(until)),
    }
}
