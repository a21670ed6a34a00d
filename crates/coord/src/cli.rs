use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::client;
use crate::config::Sources;
use crate::{config_command, migrate, offline, serve};

/// Lets AI agents, people and services hand each other work that cannot be lost.
#[derive(Debug, Parser)]
#[command(name = "coord", version, arg_required_else_help = true, after_help = FIRST_STEPS)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: client::Global,
}

const FIRST_STEPS: &str = "\
First steps:
  coord serve                                          start a server; nothing else needs to be installed
  coord send -f code -t chat -s Hello -b 'It works.'   send a message from `code` to `chat`
  coord inbox chat                                     see it arrive
  coord config reference                               read every setting, with its default";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything in one process: the API, the workers, the timers
    Serve(ServeArgs),
    /// Bring the data folder to this version, and serve nothing; `serve` does so too
    Migrate(PlaceArgs),
    /// Check the configuration, or print every setting
    #[command(subcommand)]
    Config(ConfigCommand),
    #[command(flatten)]
    Client(Box<client::Command>),
}

/// What a server takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running a server")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Where to serve the API
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where to serve the metrics
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Really let everybody do everything, where `auth.mode` is `none` and other machines can reach the server
    #[arg(long)]
    pub(crate) insecure: bool,
}

/// Which installation is meant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running a server")]
pub(crate) struct PlaceArgs {
    #[arg(long, value_name = "FILE", help = "The configuration file [env: COORDINATION_CONFIG]")]
    config: Option<PathBuf>,
    #[arg(
        long,
        value_name = "DIR",
        help = "The folder that holds everything [env: COORDINATION_DATA] [default: the user's]"
    )]
    data: Option<PathBuf>,
}

/// Checking and explaining the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration; show what is in force and where each value came from
    Check(PlaceArgs),
    /// Print every setting with its default, commented: a file to start from
    Reference,
}

impl PlaceArgs {
    /// The configuration's sources: this file, the environment, these flags.
    pub(crate) fn sources(&self) -> Sources {
        let data = self.data.as_ref().map(|path| path.display().to_string());
        Sources {
            file: self.config.clone(),
            environment: environment(),
            flags: data.map(|data| ("--data", &["data"][..], data)).into_iter().collect(),
        }
    }
}

impl ServeArgs {
    /// The configuration's sources: this file, the environment, these flags.
    pub(crate) fn sources(&self) -> Sources {
        let mut sources = self.place.sources();
        let listen = [
            ("--listen", &["server", "listen"][..], self.listen),
            ("--metrics-listen", &["metrics", "listen"][..], self.metrics_listen),
        ];
        let given = listen.into_iter().filter_map(|(flag, path, address)| Some((flag, path, address?.to_string())));
        sources.flags.extend(given);
        sources
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn environment() -> Vec<(String, String)> {
    let text = |text: std::ffi::OsString| text.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> ExitCode {
    let Cli { command, global } = Cli::parse();
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Migrate(place) => migrate::run(&place),
        Command::Config(command) => config_command::run(&command),
        Command::Client(command) => on_a_runtime(async {
            match &global.offline {
                Some(folder) => offline::run(*command, folder.as_deref(), global.clone()).await,
                None => client::run(*command, &global, Cli::command).await,
            }
        }),
    }
}

/// Runs asynchronous work to its end on threads of its own.
pub(crate) fn on_a_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(work);
            // A read of standard input cannot be stopped, and nothing waits for it.
            runtime.shutdown_background();
            code
        }
        Err(_) => ExitCode::from(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let cli = Cli::parse_from(["coord", "serve", "--data", "/d", "--listen", "127.0.0.1:1"]);
        let Command::Serve(args) = cli.command else { panic!("serve") };
        let flags: Vec<_> = args.sources().flags.into_iter().map(|(flag, _, text)| (flag, text)).collect();
        assert_eq!(flags, [("--data", "/d".to_owned()), ("--listen", "127.0.0.1:1".to_owned())]);
    }
}
