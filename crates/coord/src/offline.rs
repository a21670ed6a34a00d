//! Client commands on a data folder that no server is using: a server of this process's own, behind a key that nobody else
//! knows, serves the command and ends.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use cli::Global;
use engine::Role;
use secrecy::SecretString;
use server::config::{AuthConfig, AuthMode, Secret, ServerConfig};
use server::{Listeners, Metrics, Server};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cli::environment;
use crate::config::{Complaints, Loaded, Sources};
use crate::config_command::tell;
use crate::data_folder::{self, DataFolder};
use crate::installation;

/// Bytes of the key.
const KEY_BYTES: usize = 32;

/// Why a command was not run.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Config(#[from] Complaints),
    #[error("{}", .0.offline())]
    Data(#[from] data_folder::Error),
    #[error(transparent)]
    Installation(#[from] installation::Error),
    #[error("cannot serve on loopback: {0}")]
    Loopback(#[from] io::Error),
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// Runs a client command on a server, or with `--offline` on a folder: the one that is named, or the one that the
/// environment or the user's data folder gives.
pub(crate) async fn or_asking(global: Global, command: impl AsyncFnOnce(&Global) -> ExitCode) -> ExitCode {
    let Some(folder) = global.offline.clone() else {
        return command(&global).await;
    };
    match serve(command, folder.as_deref(), global).await {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(
    command: impl AsyncFnOnce(&Global) -> ExitCode,
    folder: Option<&Path>,
    mut global: Global,
) -> Result<ExitCode, Error> {
    let data = folder.map(|path| ("--offline", &["data"][..], path.display().to_string()));
    let sources = Sources { file: None, environment: environment(), flags: data.into_iter().collect() };
    let mut config = Loaded::load(&sources)?.config;
    // The folder keeps the agents that it has: the file that says otherwise may not be at hand here.
    config.agents.clear();
    let key = key().map_err(Error::Random)?;
    config.auth = AuthConfig { mode: AuthMode::Keys, admin_key: Some(Secret::new(key.clone())) };

    let folder = DataFolder::take(config.data.as_deref())?;
    let api = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    global.url = Some(format!("http://{}", api.local_addr()?));
    global.key = Some(SecretString::from(key));
    let metrics = Metrics::new();
    let engine = installation::open(&config, Role::All, Some(&folder), &metrics).await?;
    let server = Server::new(engine.clone(), ServerConfig::default(), metrics);
    let done = CancellationToken::new();
    let work = async {
        let code = command(&global).await;
        done.cancel();
        code
    };
    let (code, ()) = tokio::join!(work, server.serve(Listeners { api, metrics: None }, done.cancelled()));
    engine.stop().await;
    Ok(code)
}

#[expect(clippy::disallowed_methods, reason = "a key of this process alone, which no test would want to foretell")]
fn key() -> Result<String, getrandom::Error> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
