//! What a person who starts a server is told: what is served where, and what to try next.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::Path;

use cli::DEFAULT_URL;
use owo_colors::OwoColorize;
use server::config::AuthMode;

use crate::config::Config;

/// What a server turned out to be.
pub(crate) struct Facts<'a> {
    pub(crate) config: &'a Config,
    /// The command that was given.
    pub(crate) role: &'static str,
    pub(crate) api: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
    /// None: nothing is kept on disk.
    pub(crate) data: Option<&'a Path>,
}

/// Tells the person at the terminal; the log, where there is none.
pub(crate) fn show(facts: &Facts<'_>) {
    if std::io::stderr().is_terminal() {
        let _ = anstream::stderr().write_all(text(facts).as_bytes());
        return;
    }
    let Facts { role, api, metrics, data, .. } = facts;
    let metrics = metrics.map(|address| address.to_string());
    let data = data.map(|path| path.display().to_string());
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), role, api.listen = %api, metrics.listen = metrics, data.folder = data,
        "serving"
    );
}

fn text(facts: &Facts<'_>) -> String {
    let title = format!("coordination {}", env!("CARGO_PKG_VERSION"));
    let (rows, next) = if facts.role == "worker" { (of_worker(facts), String::new()) } else { of_api(facts) };
    let rows: Vec<String> = rows.into_iter().map(|(name, value)| format!("  {:8}{value}", name.dimmed())).collect();
    format!("\n{}\n\n{}\n\n{next}Ctrl-C ends it.\n\n", title.bold(), rows.join("\n"))
}

type Rows = Vec<(&'static str, String)>;

fn metrics_row(metrics: Option<SocketAddr>) -> Option<(&'static str, String)> {
    metrics.map(|address| ("metrics", format!("http://{}/metrics", reachable(address))))
}

fn of_worker(Facts { config, api, metrics, .. }: &Facts<'_>) -> Rows {
    let at = reachable(*api);
    let mut rows = vec![("health", format!("http://{at}/health")), ("ready", format!("http://{at}/ready"))];
    rows.extend(metrics_row(*metrics));
    rows.push(("tasks", format!("{} at a time", config.worker.concurrency)));
    rows
}

/// The facts, and what to try next.
fn of_api(Facts { config, api, metrics, data, .. }: &Facts<'_>) -> (Rows, String) {
    let api = format!("http://{}", reachable(*api));
    let names: Vec<&str> = config.agents.iter().map(|agent| agent.name.as_str()).collect();
    let auth = match config.auth.mode {
        AuthMode::Open => "open to everybody on this machine, until the first key: `coord keys create`",
        AuthMode::Keys => "every request carries a key",
        AuthMode::None => "none: everybody may do everything",
    };
    let mut rows = vec![("API", api.clone()), ("docs", format!("{api}/docs"))];
    rows.extend(metrics_row(*metrics));
    rows.extend(data.map(|path| ("data", path.display().to_string())));
    rows.push(("agents", names.join(", ")));
    rows.push(("access", auth.to_owned()));
    let (from, to) = (names.first().unwrap_or(&"code"), names.get(1).or(names.first()).unwrap_or(&"chat"));
    let message = format!(r#"{{"from":"{from}","to":"{to}","subject":"Hello","body":"It works."}}"#);
    let post = format!(r#"curl -X POST {api}/api/v1/messages -H "Content-Type: application/json" -d '{message}'"#);
    let server = if api == DEFAULT_URL { String::new() } else { format!(" --url {api}") };
    (rows, format!("Try:\n  {post}\n  coord{server} inbox {to}\n\n"))
}

/// The address that a client on this machine can use: a server that listens everywhere is reached on loopback too.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_what_to_try() {
        let config = Config::default();
        let facts = Facts {
            config: &config,
            role: "serve",
            api: "0.0.0.0:8000".parse().expect("an address"),
            metrics: Some("127.0.0.1:9090".parse().expect("an address")),
            data: Some(Path::new("/home/me/.local/share/coordination")),
        };
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(&facts)).to_string());
        let worker = Facts { role: "worker", data: None, ..facts };
        insta::assert_snapshot!("a_worker", anstream::adapter::strip_str(&text(&worker)).to_string());
    }
}
