use std::net::SocketAddr;

use serde::{Deserialize, Deserializer, de};

/// Reads `ADDRESS:PORT`; `localhost` is the loopback address.
pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// Reads `ADDRESS:PORT` or nothing.
pub(super) fn perhaps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.as_deref().map(parse).transpose().map_err(de::Error::custom)
}

fn parse(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric
        .parse()
        .map_err(|_| format!("`{text}` is no address and port, as in 127.0.0.1:8000, 0.0.0.0:8000 or [::]:8000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_port() {
        for good in ["127.0.0.1:8000", "localhost:1", "[::1]:0", "0.0.0.0:65535"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in ["", "8000", ":8000", "example.org:80", "127.0.0.1", "127.0.0.1:65536"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
