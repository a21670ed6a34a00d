//! The one binary: servers and clients, by subcommand.

mod cli;
mod client;
mod config;
mod config_command;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
