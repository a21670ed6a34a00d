use std::io::Read as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use engine::Role;

use crate::config::Sources;
use crate::secrets::{self, Secrets};
use crate::{config_command, migrate, moving, offline, queue, serve};
use cli::Global;

/// Lets AI agents, people and services hand each other work that cannot be lost.
#[derive(Debug, Parser)]
#[command(name = "coord", version, arg_required_else_help = true, after_help = FIRST_STEPS)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
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
    /// Run the API alone: any number on one PostgreSQL, with workers in other processes
    ///
    /// Needs `DATABASE_URL`, keeps nothing on disk, and hands tasks to workers through `RABBITMQ_URL`; without it the
    /// workers look for them in the database.
    Api(RoleArgs),
    /// Run workers, timers and the indexer alone: any number on one PostgreSQL
    ///
    /// Needs `DATABASE_URL` and keeps nothing on disk. Serves /health and /ready where the API would listen, and the
    /// metrics.
    Worker(RoleArgs),
    /// Bring the data folder or the database to this version, and serve nothing; servers do so too
    Migrate(migrate::Args),
    /// Write a tenant out into a folder: its whole history, keys and attachments
    Export(moving::ExportArgs),
    /// Bring in a tenant that `export` wrote, whichever database it came from
    Import(moving::ImportArgs),
    Queue(queue::Queue),
    /// Check the configuration, or print every setting
    #[command(subcommand)]
    Config(ConfigCommand),
    #[command(subcommand)]
    Secrets(Secrets),
    #[command(flatten)]
    Client(Box<cli::Command>),
    Bench(Box<bench::Bench>),
}

/// What a server takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running a server")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
}

/// What a process takes that does a part, and keeps nothing on disk.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running a server")]
pub(crate) struct RoleArgs {
    #[arg(long, value_name = "FILE", help = CONFIG_HELP)]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
}

const CONFIG_HELP: &str = "The configuration file [env: COORDINATION_CONFIG]";

/// Where a process listens.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running a server")]
pub(crate) struct ListenArgs {
    /// Where to serve the API; a worker, /health and /ready
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
    #[arg(long, value_name = "FILE", help = CONFIG_HELP)]
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
        let flags = data.map(|data| ("--data", &["data"][..], data));
        Sources { file: self.config.clone(), environment: environment(), flags: Vec::from_iter(flags) }
    }
}

impl RoleArgs {
    /// The configuration's sources: this file, the environment, these flags.
    pub(crate) fn sources(&self) -> Sources {
        Sources { file: self.config.clone(), environment: environment(), flags: self.listen.flags() }
    }
}

impl ServeArgs {
    /// The configuration's sources: this file, the environment, these flags.
    pub(crate) fn sources(&self) -> Sources {
        let mut sources = self.place.sources();
        sources.flags.extend(self.listen.flags());
        sources
    }
}

impl ListenArgs {
    fn flags(&self) -> Vec<(&'static str, &'static [&'static str], String)> {
        let listen = [
            ("--listen", &["server", "listen"][..], self.listen),
            ("--metrics-listen", &["metrics", "listen"][..], self.metrics_listen),
        ];
        listen.into_iter().filter_map(|(flag, path, address)| Some((flag, path, address?.to_string()))).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn environment() -> Vec<(String, String)> {
    let text = |text: std::ffi::OsString| text.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    if arguments.get(1).is_some_and(|command| command == bench::BASELINE) {
        return on_a_runtime(bench_baseline());
    }
    let Cli { command, global } = Cli::parse();
    let global = global.with_environment(&environment());
    match command {
        Command::Serve(args) => serve::run(Role::All, &args.sources(), args.listen.insecure),
        Command::Api(args) => serve::run(Role::Api, &args.sources(), args.listen.insecure),
        Command::Worker(args) => serve::run(Role::Worker, &args.sources(), args.listen.insecure),
        Command::Migrate(args) => migrate::run(&args),
        Command::Export(args) => moving::export(&args),
        Command::Import(args) => moving::import(&args),
        Command::Queue(queue) => on_a_runtime(queue.run(environment(), &global)),
        Command::Config(command) => config_command::run(&command),
        Command::Secrets(command) => secrets::run(&command),
        Command::Client(command) => match cli::check(&command, &arguments).and_then(|()| global.clone().with_context())
        {
            Ok(global) => {
                on_a_runtime(offline::or_asking(global, async |global| cli::run(*command, global, Cli::command).await))
            }
            Err(failure) => cli::finish(Err(failure), &global),
        },
        Command::Bench(bench) => match global.clone().with_context() {
            Ok(global) => {
                on_threads(Some(bench.threads()), offline::or_asking(global, async |global| bench.run(global).await))
            }
            Err(failure) => cli::finish(Err(failure), &global),
        },
    }
}

/// Serves what a benchmark compares with on a free loopback port, whose URL it prints, until standard input ends.
async fn bench_baseline() -> ExitCode {
    let served = async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        anstream::println!("http://{}", listener.local_addr()?);
        let parent_left = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]).map(drop));
        server::serve_baseline(listener, async { drop(parent_left.await) }).await
    };
    match served.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let failure = cli::Failure::io("the baseline cannot serve", why);
            cli::complain(&failure, false);
            failure.exit_code()
        }
    }
}

/// Runs asynchronous work to its end on threads of its own.
pub(crate) fn on_a_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    on_threads(None, work)
}

/// Runs asynchronous work to its end on so many threads of its own; none: as many as there are cores.
fn on_threads(threads: Option<usize>, work: impl Future<Output = ExitCode>) -> ExitCode {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        builder.worker_threads(threads);
    }
    match builder.enable_all().build() {
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
