//! The address of PostgreSQL: libpq's, with the modes of TLS that are honoured here.

use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

const USUAL: &str = "as in postgres://user:password@host:5432/database";

/// An address that was read.
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) encrypted: bool,
}

/// Why an address cannot be read; none: it can. Never repeats the address, which holds a password.
pub(crate) fn address_fault(url: &str) -> Option<String> {
    read(url).err()
}

/// Reads an address. `sslmode=require`, `verify-ca` and `verify-full` are the same here: encrypted, and the server's
/// certificate and name are checked. Without a mode, and with the half-hearted ones, nothing is encrypted.
pub(super) fn read(url: &str) -> Result<Address, String> {
    let (plain, mode) = without_mode(url);
    let encrypted = match mode {
        None | Some("disable" | "allow" | "prefer") => false,
        Some("require" | "verify-ca" | "verify-full") => true,
        Some(_) => return Err("names no `sslmode` that there is: disable, require or verify-full".to_owned()),
    };
    let wrong = |error: tokio_postgres::Error| format!("is no address of PostgreSQL, {USUAL}: {}", super::full(&error));
    let mut config = Config::from_str(&plain).map_err(wrong)?;
    config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
    Ok(Address { config, encrypted })
}

/// The address without its `sslmode`, and that: a parameter of a URL, or one of several words.
fn without_mode(url: &str) -> (String, Option<&str>) {
    let (head, rest, between) = match url.split_once('?') {
        Some((head, rest)) => (Some(head), rest, '&'),
        None if url.contains("://") => return (url.to_owned(), None),
        None => (None, url, ' '),
    };
    let mode = rest.split(between).find_map(|pair| pair.trim().strip_prefix("sslmode="));
    let others: Vec<&str> = rest.split(between).filter(|pair| !pair.trim().starts_with("sslmode=")).collect();
    let others = others.join(&between.to_string());
    let plain = match head {
        Some(head) if others.is_empty() => head.to_owned(),
        Some(head) => format!("{head}?{others}"),
        None => others,
    };
    (plain, mode)
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::{Host, TargetSessionAttrs};

    use super::*;

    fn mode(url: &str) -> SslMode {
        read(url).map_err(|why| format!("{url}: {why}")).expect("an address").config.get_ssl_mode()
    }

    #[test]
    fn every_mode_is_encrypted_and_checked_or_plain() {
        for plain in ["", "?sslmode=disable", "?sslmode=prefer", "?connect_timeout=3&sslmode=allow"] {
            assert_eq!(mode(&format!("postgres://u:p@h/d{plain}")), SslMode::Disable, "{plain}");
        }
        for checked in ["?sslmode=require", "?sslmode=verify-ca", "?sslmode=verify-full&application_name=x"] {
            assert_eq!(mode(&format!("postgres://u:p@h/d{checked}")), SslMode::Require, "{checked}");
        }
        assert_eq!(mode("host=h user=u sslmode=verify-full dbname=d"), SslMode::Require);
        assert_eq!(mode("host=h user=u"), SslMode::Disable);
    }

    #[test]
    fn several_hosts_and_the_kind_of_session_are_read() {
        let url = "postgres://u:p@one,two:5433/d?target_session_attrs=read-write&sslmode=require";
        let config = read(url).expect("an address").config;
        assert_eq!(config.get_hosts(), [Host::Tcp("one".to_owned()), Host::Tcp("two".to_owned())]);
        assert_eq!(config.get_ports(), [5432, 5433]);
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_the_password() {
        for url in ["postgres://u:hunter2@h:port/d", "postgres://u:hunter2@h/d?sslmode=hunter2", "host=h wat=hunter2"] {
            let why = address_fault(url).unwrap_or_else(|| panic!("{url} was read"));
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
