//! What each secret holds. The names and keys are what the manifests mount.

use getrandom::Error;

use super::rabbitmq;
use super::randomness::{Randomness, password};

/// Every secret that there is.
pub(super) const NAMES: [&str; 4] =
    ["db-credentials", "rabbitmq-credentials", "redis-credentials", "coordination-admin-key"];

/// The user, the database and the owner of queues.
const USER: &str = "coordination";

/// Where what the URLs point to is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) postgres: &'a str,
    pub(super) postgres_query: &'a str,
    pub(super) rabbitmq: &'a str,
    pub(super) redis: &'a str,
    pub(super) redis_scheme: &'a str,
}

/// A secret, with its values in plain text.
pub(super) struct Secret {
    pub(super) name: &'static str,
    pub(super) values: Vec<(&'static str, String)>,
}

/// The keys that a secret of that name has; none for a name that is not in [`NAMES`].
pub(super) fn keys(name: &str) -> &'static [&'static str] {
    match name {
        "db-credentials" => &["url", "username", "password", "superuser-password", "replication-password"],
        "rabbitmq-credentials" => &["url", "username", "password", "erlang-cookie", "definitions.json"],
        "redis-credentials" => &["url", "password"],
        "coordination-admin-key" => &["key"],
        _ => &[],
    }
}

/// Makes a secret with new passwords; one of a name that is not in [`NAMES`] is empty.
///
/// Fails when the randomness does.
pub(super) fn secret(name: &'static str, places: &Places<'_>, randomness: Randomness<'_>) -> Result<Secret, Error> {
    let values = match name {
        "db-credentials" => database(places, randomness)?,
        "rabbitmq-credentials" => broker(places, randomness)?,
        "redis-credentials" => {
            let password = password(randomness)?;
            let url = format!("{}://:{password}@{}", places.redis_scheme, places.redis);
            vec![("url", url), ("password", password)]
        }
        // The prefix lets scanners that look for leaked keys know it.
        "coordination-admin-key" => vec![("key", format!("coord_{}", password(randomness)?))],
        _ => Vec::new(),
    };
    Ok(Secret { name, values })
}

fn database(places: &Places<'_>, randomness: Randomness<'_>) -> Result<Vec<(&'static str, String)>, Error> {
    let user_password = password(randomness)?;
    let query = if places.postgres_query.is_empty() { String::new() } else { format!("?{}", places.postgres_query) };
    let url = format!("postgres://{USER}:{user_password}@{}/{USER}{query}", places.postgres);
    Ok(vec![
        ("url", url),
        ("username", USER.to_owned()),
        ("password", user_password),
        ("superuser-password", password(randomness)?),
        ("replication-password", password(randomness)?),
    ])
}

fn broker(places: &Places<'_>, randomness: Randomness<'_>) -> Result<Vec<(&'static str, String)>, Error> {
    let user_password = password(randomness)?;
    let mut salt = rabbitmq::Salt::default();
    randomness(&mut salt)?;
    let definitions = rabbitmq::definitions(USER, &rabbitmq::password_hash(salt, &user_password));
    Ok(vec![
        ("url", format!("amqp://{USER}:{user_password}@{}/%2f", places.rabbitmq)),
        ("username", USER.to_owned()),
        ("password", user_password),
        ("erlang-cookie", password(randomness)?),
        ("definitions.json", definitions),
    ])
}

#[cfg(test)]
pub(super) const HERE: Places<'static> = Places {
    postgres: "postgres-service:5432",
    postgres_query: "target_session_attrs=read-write",
    rabbitmq: "rabbitmq-service:5672",
    redis: "redis-service:6379",
    redis_scheme: "redis+cluster",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::randomness;

    fn value(secret: &Secret, key: &str) -> String {
        secret.values.iter().find(|(found, _)| *found == key).unwrap().1.clone()
    }

    #[test]
    fn every_secret_has_its_keys() {
        for name in NAMES {
            let secret = secret(name, &HERE, &mut randomness::bytes).unwrap();
            let made: Vec<&str> = secret.values.iter().map(|(key, _)| *key).collect();
            assert_eq!(made, keys(name), "{name}");
            assert!(!made.is_empty());
        }
    }

    #[test]
    fn the_urls_are_those_that_the_program_accepts() {
        let database = secret("db-credentials", &HERE, &mut randomness::bytes).unwrap();
        let (url, password) = (value(&database, "url"), value(&database, "password"));
        let wanted = "postgres://coordination:PW@postgres-service:5432/coordination?target_session_attrs=read-write";
        assert_eq!(url.replace(&password, "PW"), wanted);
        let broker = secret("rabbitmq-credentials", &HERE, &mut randomness::bytes).unwrap();
        let config = broker::BrokerConfig {
            url: Some(domain::Secret::new(value(&broker, "url"))),
            ..broker::BrokerConfig::default()
        };
        assert_eq!(config.faults(), []);
        let memory = secret("redis-credentials", &HERE, &mut randomness::bytes).unwrap();
        let config = ephemeral::EphemeralConfig {
            url: Some(domain::Secret::new(value(&memory, "url"))),
            ..ephemeral::EphemeralConfig::default()
        };
        assert_eq!(config.faults(), []);
    }

    #[test]
    fn passwords_differ_from_each_other() {
        let database = secret("db-credentials", &HERE, &mut randomness::bytes).unwrap();
        assert_ne!(value(&database, "password"), value(&database, "superuser-password"));
        assert_ne!(value(&database, "superuser-password"), value(&database, "replication-password"));
    }
}
