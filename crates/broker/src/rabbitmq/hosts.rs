//! Where RabbitMQ is: one cluster's hosts, read from one URL.

use lapin::uri::{AMQPScheme, AMQPUri};

use crate::UrlError;

/// Frames that are exchanged, in bytes: tasks are small, and the library holds 64 such buffers for each connection.
const FRAME_BYTES: u32 = 16 * 1024;
/// A peer that is silent for twice as many seconds is taken for gone.
const HEARTBEAT_SECS: u16 = 5;

/// The hosts of one cluster, at least one.
pub(crate) struct Hosts(Vec<AMQPUri>);

impl Hosts {
    /// Reads `amqp://user:password@host:port,host:port/vhost`; each host may also be written as a URL of its own. An empty
    /// virtual host is `/`.
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        let whole: Vec<String> = if text.contains(",amqp") {
            text.split(',').map(str::to_owned).collect()
        } else {
            let (scheme, rest) = split(text)?;
            let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
            hosts.split(',').map(|host| format!("{scheme}{user}{host}{tail}")).collect()
        };
        whole.iter().map(|url| one(url)).collect::<Result<_, _>>().map(Self)
    }

    /// The host for the attempt of this number: one after the other, over and over.
    pub(super) fn at(&self, attempt: usize) -> &AMQPUri {
        &self.0[attempt % self.0.len()]
    }

    /// Whether a connection to any of them is encrypted.
    pub(super) fn any_encrypted(&self) -> bool {
        self.0.iter().any(|uri| uri.scheme == AMQPScheme::AMQPS)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The scheme and the rest.
fn split(text: &str) -> Result<(&'static str, &str), UrlError> {
    let with = |scheme: &'static str| text.strip_prefix(scheme).map(|rest| (scheme, rest));
    let wrong = "must begin with amqp:// or amqps://, as in amqp://user:password@host:5672/vhost";
    with("amqp://").or_else(|| with("amqps://")).ok_or_else(|| UrlError(wrong.to_owned()))
}

fn one(url: &str) -> Result<AMQPUri, UrlError> {
    let (_, rest) = split(url)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    // The library repeats the URL in what it says, password and all.
    let mut uri: AMQPUri =
        url.parse().map_err(|_| UrlError("is no URL as in amqp://user:password@host:5672/vhost".to_owned()))?;
    if host.is_empty() || host.starts_with(':') {
        return Err(UrlError("names no host, as in amqp://user:password@host:5672/vhost".to_owned()));
    }
    // It also takes an address in brackets for `localhost`.
    if let Some((address, _)) = host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        address.clone_into(&mut uri.authority.host);
    }
    if uri.vhost.is_empty() {
        "/".clone_into(&mut uri.vhost);
    }
    uri.query.frame_max.get_or_insert(FRAME_BYTES);
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECS);
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<String> {
        let hosts = Hosts::parse(text).expect("a URL");
        let place = |uri: &AMQPUri| {
            let user = &uri.authority.userinfo;
            format!("{}:{}@{}:{} {}", user.username, user.password, uri.authority.host, uri.authority.port, uri.vhost)
        };
        hosts.0.iter().map(place).collect()
    }

    #[test]
    fn one_url_may_name_several_hosts() {
        assert_eq!(places("amqp://a:b%40@one,two:5673/%2f"), ["a:b@@one:5672 /", "a:b@@two:5673 /"]);
        assert_eq!(places("amqp://a:b@one,two/jobs?heartbeat=9"), ["a:b@one:5672 jobs", "a:b@two:5672 jobs"]);
        assert_eq!(places("amqp://one,amqp://x:y@two/z"), ["guest:guest@one:5672 /", "x:y@two:5672 z"]);
        assert_eq!(places("amqp://a:b@[::1]:5673/"), ["a:b@::1:5673 /"]);
        assert_eq!(places("amqps://a:b@one,two:5673/"), ["a:b@one:5671 /", "a:b@two:5673 /"]);
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_the_password() {
        for text in ["", "localhost", "http://a:hunter2@b", "amqps://a:hunter2@b:x", "amqp://a:hunter2@b:x/", "amqp://"]
        {
            let error = Hosts::parse(text).err().unwrap_or_else(|| panic!("{text} was read"));
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
