//! What a user may set of the database.

use std::path::PathBuf;

use domain::{Secret, Span};
use serde::{Deserialize, Serialize};

use crate::PostgresOptions;
use crate::postgres::address_fault;

/// PostgreSQL, in place of SQLite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgres://user:password@host1:5432,host2/database`; several hosts are tried in turn until one takes writes.
    /// `?sslmode=verify-full` encrypts and checks the server's certificate. Absent: SQLite in the data folder.
    pub url: Option<Secret>,
    /// A file with the certificates, in PEM, of those who may certify the server; absent: those that the machine trusts.
    pub tls_ca: Option<PathBuf>,
    /// Connections of one process that read; one more writes. 1 to 1,000.
    pub connections: usize,
    /// How long a host may take to accept a connection; 100ms to 1m.
    pub connect_timeout: Span,
    /// How long one query, or one round trip of a commit, may take before it is answered 503; 100ms to 10m.
    pub query_timeout: Span,
    /// How long a commit whose answer was lost is looked for before it is answered as perhaps done; 0s to 10m.
    pub resolve_timeout: Span,
    /// Changes in one transaction; 1 to 10,000.
    pub batch: usize,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: None,
            tls_ca: None,
            connections: 8,
            connect_timeout: Span::from_secs(2),
            query_timeout: Span::from_secs(5),
            resolve_timeout: Span::from_secs(15),
            batch: 512,
        }
    }
}

impl DatabaseConfig {
    /// Everything that is wrong with these values: the key within the section, and why.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if let Some(why) = self.url.as_ref().and_then(|url| address_fault(url.expose())) {
            faults.push(("url", why));
        }
        let mut within = |key, value: usize, most: usize| {
            if value < 1 || value > most {
                faults.push((key, format!("{value} is out of bounds: 1 to {most}")));
            }
        };
        within("connections", self.connections, 1_000);
        within("batch", self.batch, 10_000);
        let [moment, minute, ten_minutes] = [Span::from_millis(100), Span::from_secs(60), Span::from_secs(600)];
        let mut lasts = |key, value: Span, least: Span, most: Span| {
            if value < least || value > most {
                faults.push((key, format!("{value} is out of bounds: {least} to {most}")));
            }
        };
        lasts("connect_timeout", self.connect_timeout, moment, minute);
        lasts("query_timeout", self.query_timeout, moment, ten_minutes);
        lasts("resolve_timeout", self.resolve_timeout, Span::ZERO, ten_minutes);
        faults
    }

    /// The same as options of the driver, for a committer before which `queue` changes of `queue_bytes` may wait; none: no
    /// database is named.
    pub fn postgres(&self, queue: usize, queue_bytes: u32) -> Option<PostgresOptions> {
        let url = self.url.as_ref()?.expose();
        Some(PostgresOptions {
            tls_ca: self.tls_ca.clone(),
            queue,
            queue_bytes,
            batch: self.batch,
            readers: self.connections,
            connect: self.connect_timeout.to_std(),
            timeout_after: self.query_timeout.to_std(),
            resolve: self.resolve_timeout.to_std(),
            ..PostgresOptions::new(url)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_free_of_faults_and_the_options_usual() {
        let config = DatabaseConfig { url: Some(Secret::new("postgres://localhost/x")), ..DatabaseConfig::default() };
        assert_eq!(config.faults(), []);
        let (options, usual) =
            (config.postgres(8_192, 64 << 20).expect("a url"), PostgresOptions::new("postgres://localhost/x"));
        assert_eq!(format!("{options:?}"), format!("{usual:?}"));
        assert!(DatabaseConfig::default().postgres(1, 1).is_none());
    }

    #[test]
    fn what_is_out_of_bounds_is_named_and_the_password_is_not() {
        let config = DatabaseConfig {
            url: Some(Secret::new("postgres://me:hunter2@localhost:port/x")),
            tls_ca: None,
            connections: 1_001,
            connect_timeout: Span::from_millis(99),
            query_timeout: Span::from_secs(601),
            resolve_timeout: Span::from_secs(601),
            batch: 0,
        };
        let faults = config.faults();
        let keys: Vec<_> = faults.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["url", "connections", "batch", "connect_timeout", "query_timeout", "resolve_timeout"]);
        assert!(!format!("{faults:?}").contains("hunter2"), "{faults:?}");
    }
}
