//! `coord secrets`: makes the passwords and keys that an installation in Kubernetes runs with.

mod cluster;
mod contents;
mod ensure;
mod rabbitmq;
mod randomness;
mod yaml;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use domain::Span;

use crate::cli::{environment, on_a_runtime};
use crate::config_command::{WRONG_USAGE, tell};
use cluster::{Cluster, SERVICE_ACCOUNT};
use contents::{NAMES, Places};

const EXAMPLES: &str = "\
Secrets and their keys:
  db-credentials          url, username, password, superuser-password, replication-password
  rabbitmq-credentials    url, username, password, erlang-cookie, definitions.json
  redis-credentials       url, password
  coordination-admin-key  key

Examples:
  coord secrets ensure                                   in a pod: make those that its namespace lacks
  coord secrets ensure --only coordination-admin-key     where databases and their credentials come from elsewhere
  coord secrets print -n coordination | kubectl apply -f -
  coord secrets print -n coordination | kubeseal --format yaml > sealed.yaml";

/// Make the Secrets that an installation in Kubernetes runs with
#[derive(Debug, Subcommand)]
pub(crate) enum Secrets {
    /// Make those that are absent, through the API of the cluster that this pod is in; changes none that is there
    ///
    /// Safe to run at any time and from several pods at once. Needs a service account that may `create` secrets and `get` those
    /// by name. One that is there and lacks keys is told and left as it is; without its `url` or `key` the exit code is 1.
    #[command(after_help = EXAMPLES)]
    Ensure(Ensure),
    /// Write all of them, with new passwords, as YAML on standard output
    #[command(after_help = EXAMPLES)]
    Print(Print),
}

#[derive(Debug, Args)]
pub(crate) struct Ensure {
    /// The namespace [default: the pod's own]
    #[arg(long, short, value_name = "NAME", value_parser = namespace)]
    namespace: Option<String>,
    #[command(flatten)]
    choice: Choice,
    /// How long to try again while the API refuses or cannot be reached; 1s to 1h
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = wait_bound)]
    timeout: Span,
    /// The folder of the service account's token and the cluster's certificate authority
    #[arg(long, value_name = "DIR", default_value = SERVICE_ACCOUNT)]
    service_account: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Print {
    /// The namespace
    #[arg(long, short, value_name = "NAME", default_value = "coordination", value_parser = namespace)]
    namespace: String,
    #[command(flatten)]
    choice: Choice,
}

/// Which secrets, and what the URLs in them point to.
#[derive(Debug, Args)]
struct Choice {
    /// Only these secrets [default: all]
    #[arg(long, value_name = "SECRET", value_delimiter = ',', value_parser = PossibleValuesParser::new(NAMES))]
    only: Vec<String>,
    /// Where PostgreSQL is; several addresses are separated by commas
    #[arg(long, value_name = "HOST:PORT", default_value = "postgres-service:5432", value_parser = host)]
    postgres: String,
    /// What the URL of PostgreSQL ends with; add `&sslmode=require` for TLS
    #[arg(long, value_name = "QUERY", default_value = "target_session_attrs=read-write", value_parser = query)]
    postgres_query: String,
    /// Where RabbitMQ is; several addresses of one cluster are separated by commas
    #[arg(long, value_name = "HOST:PORT", default_value = "rabbitmq-service:5672", value_parser = host)]
    rabbitmq: String,
    /// Where Redis is; several addresses of one cluster are separated by commas
    #[arg(long, value_name = "HOST:PORT", default_value = "redis-service:6379", value_parser = host)]
    redis: String,
    /// What kind of Redis it is
    #[arg(long, value_name = "SCHEME", default_value = "redis+cluster",
          value_parser = PossibleValuesParser::new(["redis", "rediss", "redis+cluster", "rediss+cluster"]))]
    redis_scheme: String,
}

impl Choice {
    /// The names that are meant, in the order in which they are made.
    fn names(&self) -> Vec<&'static str> {
        let only: BTreeSet<&str> = self.only.iter().map(String::as_str).collect();
        NAMES.into_iter().filter(|name| only.is_empty() || only.contains(name)).collect()
    }

    fn places(&self) -> Places<'_> {
        Places {
            postgres: &self.postgres,
            postgres_query: &self.postgres_query,
            rabbitmq: &self.rabbitmq,
            redis: &self.redis,
            redis_scheme: &self.redis_scheme,
        }
    }
}

/// Runs the command; 0, 1 when not all secrets are there with what the program needs, 2 when it is run outside of a cluster.
pub(crate) fn run(command: &Secrets) -> ExitCode {
    match command {
        Secrets::Ensure(args) => on_a_runtime(ensure(args)),
        Secrets::Print(args) => print(args),
    }
}

async fn ensure(args: &Ensure) -> ExitCode {
    let cluster = match Cluster::of_this_pod(&environment(), &args.service_account, args.namespace.as_deref()) {
        Ok(cluster) => cluster,
        Err(why) => {
            tell(&format!("error: {why}"));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let places = args.choice.places();
    let deadline = tokio::time::Instant::now() + args.timeout.to_std();
    let mut usable = true;
    for name in args.choice.names() {
        match ensure::ensure(&cluster, name, &places, deadline).await {
            Ok(outcome) => {
                tell(&format!("{name} in {}: {outcome}", cluster.namespace()));
                usable &= outcome.is_usable();
            }
            Err(why) => {
                tell(&format!("error: {name} in {}: {why}", cluster.namespace()));
                usable = false;
            }
        }
    }
    if usable { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(args: &Print) -> ExitCode {
    let places = args.choice.places();
    let mut text = String::new();
    for name in args.choice.names() {
        match contents::secret(name, &places, &mut randomness::bytes) {
            Ok(secret) => text.push_str(&yaml::document(&args.namespace, &secret)),
            Err(error) => {
                tell(&format!("error: the system gives no random bytes: {error}"));
                return ExitCode::FAILURE;
            }
        }
    }
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // Half of the secrets applied would be worse than none.
        Err(error) => {
            tell(&format!("error: cannot write: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Reads a namespace's name (RFC 1123: lower-case letters, digits and `-`, to 63).
fn namespace(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let right = (1..=63).contains(&text.len()) && text.bytes().all(allowed);
    if right && !text.starts_with('-') && !text.ends_with('-') {
        Ok(text.to_owned())
    } else {
        Err("a namespace is 1 to 63 of lower-case letters, digits and `-`".to_owned())
    }
}

/// Reads addresses that can stand in a URL after the password.
fn host(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-:,[]_".contains(c);
    if !text.is_empty() && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("write it as in postgres-service:5432".to_owned())
    }
}

/// Reads what can stand in a URL after the `?`.
fn query(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "=&-._%,/".contains(c);
    if text.chars().all(allowed) { Ok(text.to_owned()) } else { Err("write it as in sslmode=require".to_owned()) }
}

fn wait_bound(text: &str) -> Result<Span, String> {
    let span: Span = text.parse()?;
    if (Span::from_secs(1)..=Span::from_secs(3_600)).contains(&span) {
        Ok(span)
    } else {
        Err(format!("{span} is out of bounds: 1s to 1h"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_bounded() {
        assert!(namespace(&"n".repeat(63)).is_ok() && namespace(&"n".repeat(64)).is_err());
        for wrong in ["", "Team", "-a", "a-", "a.b", "a/b"] {
            assert!(namespace(wrong).is_err(), "{wrong}");
        }
        assert!(wait_bound("1s").is_ok() && wait_bound("1h").is_ok());
        assert!(wait_bound("999ms").is_err() && wait_bound("3601s").is_err());
        assert!(host("a.b.svc:5432,[::1]:5432").is_ok() && host("a@b").is_err() && host("").is_err());
        assert!(query("").is_ok() && query("a=b&c=d").is_ok() && query("a=b c").is_err());
    }
}
