//! The one binary: servers and clients, by subcommand.

mod banner;
mod cli;
mod client;
mod config;
mod config_command;
mod data_folder;
mod installation;
mod logging;
mod migrate;
mod offline;
mod serve;
mod shutdown;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
