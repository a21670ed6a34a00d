use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::client;
use crate::config::Sources;
use crate::config_command;

/// Lets AI agents, people and services hand each other work that cannot be lost.
#[derive(Debug, Parser)]
#[command(name = "coord", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: client::Global,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check and explain the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    #[command(flatten)]
    Client(Box<client::Command>),
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

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment() -> Vec<(String, String)> {
    let text = |text: std::ffi::OsString| text.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> ExitCode {
    let Cli { command, global } = Cli::parse();
    match command {
        Command::Config(command) => config_command::run(&command),
        Command::Client(command) => on_a_runtime(client::run(*command, &global, Cli::command)),
    }
}

/// Runs asynchronous work to its end on threads of its own.
fn on_a_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
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
}
