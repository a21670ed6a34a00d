//! What a user may set of the HTTP adapter: one plain struct per section of `config.yaml`.

mod address;
mod auth;

use std::net::{Ipv4Addr, SocketAddr};

use domain::Span;
use engine::config::{ConfigError, ConfigErrors};
use serde::{Deserialize, Serialize};

pub use auth::{AuthConfig, AuthMode};
pub use domain::Secret;

/// Where and how the API is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// The address and port of the API; port 0 takes a free one.
    #[serde(deserialize_with = "address::one")]
    pub listen: SocketAddr,
    /// How long readiness says no while everything is still served, so that balancers turn away first; 0s to 10m.
    pub drain_delay: Span,
    /// How long requests that are under way may take to end after that; 0s to 1h.
    pub shutdown_grace: Span,
    /// How long a connection may take to send the head of a request; 1s to 10m.
    pub header_timeout: Span,
    /// Connections at a time; beyond, new ones wait. 1 to 1,000,000.
    pub connections: usize,
    /// The pause after which a silent event stream sends a comment; 1s to 10m.
    pub stream_comment: Span,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            drain_delay: Span::ZERO,
            shutdown_grace: Span::from_secs(25),
            header_timeout: Span::from_secs(30),
            connections: 20_000,
            stream_comment: Span::from_secs(15),
        }
    }
}

impl ServerConfig {
    /// Everything that is wrong with these values, each named by its dotted key.
    pub fn faults(&self) -> Vec<ConfigError> {
        let [second, ten_minutes, hour] = [1, 600, 3_600].map(Span::from_secs);
        let mut faults = ConfigErrors::of("server");
        faults.within("drain_delay", self.drain_delay, Span::ZERO, ten_minutes);
        faults.within("shutdown_grace", self.shutdown_grace, Span::ZERO, hour);
        faults.within("header_timeout", self.header_timeout, second, ten_minutes);
        faults.within("stream_comment", self.stream_comment, second, ten_minutes);
        faults.within("connections", self.connections, 1, 1_000_000);
        faults.into_vec()
    }
}

/// Where the metrics are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// The address and port of `/metrics`; absent: none are served.
    #[serde(deserialize_with = "address::perhaps")]
    pub listen: Option<SocketAddr>,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9090))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_free_of_faults() {
        assert_eq!(ServerConfig::default().faults(), []);
        assert_eq!(AuthConfig::default().faults(), []);
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let config = ServerConfig { header_timeout: Span::ZERO, connections: 0, ..ServerConfig::default() };
        let keys: Vec<String> = config.faults().into_iter().map(|fault| fault.key).collect();
        assert_eq!(keys, ["server.header_timeout", "server.connections"]);
    }
}
