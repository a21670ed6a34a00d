//! The one binary: servers and clients, by subcommand.

mod banner;
mod cli;
mod config;
mod config_command;
mod data_folder;
mod installation;
mod logging;
mod migrate;
mod moving;
mod offline;
mod queue;
mod secrets;
mod serve;
mod shutdown;
mod traces;

use std::process::ExitCode;

/// What one thread allocates and another frees, as requests and the committer do, makes threads wait for each other in the C
/// library's allocator; here it does not.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
