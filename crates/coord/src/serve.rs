//! `coord serve`, `coord api`, `coord worker`: a process in its role, from checked settings to a drained end.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use engine::Role;
use server::{Listeners, Metrics, Server};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::banner::{self, Facts};
use crate::config::{Complaints, Config, Loaded, Sources};
use crate::config_command::{WRONG_USAGE, tell};
use crate::data_folder::{self, DataFolder};
use crate::installation;
use crate::logging;
use crate::shutdown::{self, Signals};
use crate::traces::Traces;

/// How long threads may take to end when everything else has.
const THREADS_END: Duration = Duration::from_millis(500);

/// Why a server did not start, or not end well.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Config(#[from] Complaints),
    #[error("{0}")]
    Open(String),
    #[error(
        "`coord {0}` shares its facts with other processes: set DATABASE_URL (or DATABASE_URL_FILE, or `database.url`), as in \
         postgres://user:password@host:5432/coordination. `coord serve` needs none and does everything in one process"
    )]
    NoDatabase(&'static str),
    #[error(transparent)]
    Data(#[from] data_folder::Error),
    #[error(transparent)]
    Installation(#[from] installation::Error),
    #[error("cannot serve {what} on {address}: something else does; --listen and --metrics-listen choose other ports")]
    Taken { what: String, address: SocketAddr },
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
}

/// Serves until a signal; 0, 1 when something failed, 2 when the settings are wrong.
pub(crate) fn run(role: Role, sources: &Sources, insecure: bool) -> ExitCode {
    match start(role, sources, insecure) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {error}"));
            match error {
                Error::Config(_) | Error::Open(_) | Error::NoDatabase(_) => ExitCode::from(WRONG_USAGE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn start(role: Role, sources: &Sources, insecure: bool) -> Result<(), Error> {
    let config = Loaded::load(sources)?.config;
    // Before anything is opened: who starts a server that must not run should find nothing changed.
    if let Some(why) = config.auth.refusal_to_listen(config.server.listen, insecure).filter(|_| role != Role::Worker) {
        return Err(Error::Open(why));
    }
    if role != Role::All && config.database.url.is_none() {
        return Err(Error::NoDatabase(name(role)));
    }
    let (traces, spans) = Traces::begin(&config.traces).map_err(Error::Open)?;
    logging::begin(config.logging, spans);
    for warning in config.warnings() {
        tracing::warn!(key = warning.key, "{}", warning.why);
    }
    // A connection is a file; as many as the system allows are better than its cautious default.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(error = %error, "the limit on open files stays as it is");
    }
    let folder = match role {
        Role::All => Some(DataFolder::take(config.data.as_deref())?),
        Role::Api | Role::Worker => None,
    };
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    if config.database.url.is_none() {
        threads.worker_threads(beside_the_store());
    }
    let runtime = threads.enable_all().build();
    let runtime = runtime.map_err(|source| Error::Io { what: "cannot start threads".to_owned(), source })?;
    let served = runtime.block_on(async {
        let signals = Signals::listen();
        let signals = signals.map_err(|source| Error::Io { what: "cannot hear signals".to_owned(), source })?;
        serve(&config, role, folder.as_ref(), signals).await
    });
    // Work that blocks a thread, such as writing an attachment, is not waited for longer than this.
    runtime.shutdown_timeout(THREADS_END);
    traces.end();
    served
}

/// How many threads answer requests where the store is in this process: it writes on a thread of its own, which then has a
/// core of its own. With one more they would be in each other's way, and each request would take a third more.
fn beside_the_store() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// What the command of a role is called.
fn name(role: Role) -> &'static str {
    match role {
        Role::All => "serve",
        Role::Api => "api",
        Role::Worker => "worker",
    }
}

/// Says what a process in this role has to do without, where that is not what most want.
fn warn(config: &Config, role: Role) {
    if role == Role::Api && config.attachments.url.is_none() {
        tracing::warn!(
            "`attachments.url` is not set, so attachments are refused: name a folder or bucket that all servers reach"
        );
    }
    if let Some(listen) = config.metrics.listen.filter(|listen| !listen.ip().to_canonical().is_loopback()) {
        tracing::warn!(%listen, "metrics are served to everybody who reaches this address: they name tenants and need no key");
    }
    if role != Role::All && config.rabbitmq.url.is_none() {
        tracing::warn!("RABBITMQ_URL is not set: of all workers one at a time finds the tasks, in the database");
    }
}

/// Binds an address; port 0 takes a free one.
async fn bind(what: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::Taken { what: what.to_owned(), address },
        _ => Error::Io { what: format!("cannot serve {what} on {address}"), source },
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

async fn serve(config: &Config, role: Role, folder: Option<&DataFolder>, mut signals: Signals) -> Result<(), Error> {
    let what = if role == Role::Worker { "health" } else { "the API" };
    let (api, api_address) = bind(what, config.server.listen).await?;
    let metrics = match config.metrics.listen {
        Some(address) => Some(bind("metrics", address).await?),
        None => None,
    };
    let metrics_address = metrics.as_ref().map(|(_, bound)| *bound);
    let measured = Metrics::new();
    let engine = installation::open(config, role, folder, &measured).await?;
    let server = match role {
        Role::All | Role::Api => Server::new(engine.clone(), config.server.clone(), measured),
        Role::Worker => Server::of_probes(engine.clone(), config.server.clone(), measured),
    };
    let data = folder.map(DataFolder::path);
    banner::show(&Facts { config, role: name(role), api: api_address, metrics: metrics_address, data });
    warn(config, role);

    // Workers finish what they have in hand while the requests do, and within the same grace.
    let until = config.server.drain_delay.to_std() + config.server.shutdown_grace.to_std();
    let (second_signal, asked) = (TaskTracker::new(), OnceLock::new());
    let shutdown = async {
        let name = signals.next().await;
        let _ = asked.set(Instant::now());
        if let Err(error) = shutdown::exit_after(until) {
            tracing::warn!(%error, "nothing ends this process by force");
        }
        tracing::info!(signal = name, "ending; the next signal ends at once");
        second_signal.spawn(signals.exit_at_next());
    };
    server.serve(Listeners { api, metrics: metrics.map(|(listener, _)| listener) }, shutdown).await;
    let taken = asked.get().map(Instant::elapsed).unwrap_or_default();
    engine.stop_within(until.saturating_sub(taken)).await;
    tracing::info!("ended");
    Ok(())
}
