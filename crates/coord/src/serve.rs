//! `coord serve`: everything in one process, from checked settings to a drained end.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use server::{Listeners, Server};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::banner::{self, Facts};
use crate::cli::ServeArgs;
use crate::config::{Complaints, Config, Loaded};
use crate::config_command::{WRONG_USAGE, tell};
use crate::data_folder::{self, DataFolder};
use crate::installation;
use crate::logging;
use crate::shutdown::Signals;

/// Why a server did not start, or not end well.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Config(#[from] Complaints),
    #[error("{0}")]
    Open(String),
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
pub(crate) fn run(args: &ServeArgs) -> ExitCode {
    match start(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {error}"));
            match error {
                Error::Config(_) | Error::Open(_) => ExitCode::from(WRONG_USAGE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn start(args: &ServeArgs) -> Result<(), Error> {
    let config = Loaded::load(&args.sources())?.config;
    // Before anything is opened: who starts a server that must not run should find nothing changed.
    if let Some(why) = config.auth.refusal_to_listen(config.server.listen, args.insecure) {
        return Err(Error::Open(why));
    }
    logging::begin(config.logging);
    // A connection is a file; as many as the system allows are better than its cautious default.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(error = %error, "the limit on open files stays as it is");
    }
    let folder = DataFolder::take(config.data.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::Io { what: "cannot start threads".to_owned(), source })?;
    runtime.block_on(async {
        let signals = Signals::listen();
        let signals = signals.map_err(|source| Error::Io { what: "cannot hear signals".to_owned(), source })?;
        serve(&config, &folder, signals).await
    })
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

async fn serve(config: &Config, folder: &DataFolder, mut signals: Signals) -> Result<(), Error> {
    let (api, api_address) = bind("the API", config.server.listen).await?;
    let metrics = match config.metrics.listen {
        Some(address) => Some(bind("metrics", address).await?),
        None => None,
    };
    let metrics_address = metrics.as_ref().map(|(_, bound)| *bound);
    let engine = installation::open(config, folder).await?;
    let server = Server::new(engine.clone(), config.server.clone());
    banner::show(&Facts { config, api: api_address, metrics: metrics_address, data: folder.path() });

    let impatience = TaskTracker::new();
    let shutdown = async {
        let name = signals.next().await;
        tracing::info!(signal = name, "ending; the next signal ends at once");
        impatience.spawn(signals.exit_at_next());
    };
    server.serve(Listeners { api, metrics: metrics.map(|(listener, _)| listener) }, shutdown).await;
    engine.stop().await;
    tracing::info!("ended");
    Ok(())
}
