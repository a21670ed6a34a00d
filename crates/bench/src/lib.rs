//! Measures how fast a server is, with a generator that is lean enough to share the machine with it.

mod baseline;
mod connection;
mod load;
mod plan;
mod progress;
mod report;
mod requests;
mod roundtrip;
mod tally;

use std::time::Duration;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use cli::{Failure, Global, Session, duration, remark};

use baseline::Baseline;
pub use baseline::COMMAND as BASELINE;
use load::Load;
use plan::Plan;
use report::Report;
use requests::{Requests, Target};

const EXAMPLES: &str = "\
Examples:
  coord bench
  coord bench --connections 1 --duration 5s
  coord bench --rate 2000 --duration 30s
  coord bench --mode roundtrip --messages 100000
  coord bench --baseline

It sends real messages: point it at a server whose inboxes you can do without, as in
  coord serve --data \"$(mktemp -d)\"";

/// Measure how fast a server is
///
/// Without --rate every connection sends its next message as soon as the last one is answered. With --rate messages
/// leave at fixed moments whatever the server does, and a latency counts from the moment it should have left, so that
/// a server that stalls cannot hide it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    /// How many connections send at once
    #[arg(long, short, value_name = "NUMBER", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// How many threads send [default: half as many as there are cores]
    #[arg(long, short, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// How long [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "messages")]
    duration: Option<String>,
    /// How many messages, instead of how long
    #[arg(long, short = 'n', value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    messages: Option<u64>,
    /// How many messages each second, whatever the server does (open loop)
    #[arg(long, short, value_name = "NUMBER")]
    rate: Option<f64>,
    /// What to measure
    #[arg(long, short, value_enum, default_value_t = Mode::Send)]
    mode: Mode,
    /// With --mode roundtrip: how many messages are sent, received at once and acknowledged in one round
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    batch: u32,
    /// How long each message's text is, in bytes
    #[arg(long, value_name = "NUMBER", default_value_t = 400, value_parser = clap::value_parser!(u32).range(0..=262_144))]
    body_bytes: u32,
    /// The agents that send to one another, in a ring
    #[arg(long, value_name = "AGENTS", value_delimiter = ',', default_value = "code,chat")]
    agents: Vec<String>,
    /// First measure, in the same way, a handler that reads the same JSON and stores nothing; then print the ratio
    #[arg(long, conflicts_with = "rate")]
    baseline: bool,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Sending: each message is durable when it is answered
    Send,
    /// Sending, receiving and acknowledging
    Roundtrip,
}

impl Bench {
    /// The threads that send: by themselves they leave half of the cores to what is measured, where that is on the same machine.
    pub fn threads(&self) -> usize {
        let half = || std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        self.threads.map_or_else(half, usize::from)
    }

    /// Measures, prints what was found and returns the exit code.
    pub async fn run(self, global: &Global) -> ExitCode {
        let outcome = match Session::new(global) {
            Ok(mut session) => Box::pin(self.measured(&mut session, global)).await,
            Err(failure) => Err(failure),
        };
        cli::finish(outcome, global)
    }

    async fn measured(self, session: &mut Session, global: &Global) -> Result<(), Failure> {
        let plan = self.plan()?;
        if cfg!(debug_assertions) {
            remark("this is a debug build: measure with a release build");
        }
        let requests = |target: &Target| Requests::new(target, global.key.as_ref(), &self.agents, self.body_bytes);
        let server = requests(&Target::parse(global.url())?)?;
        let mut baseline = None;
        if self.baseline {
            let handler = Baseline::start()?;
            baseline = Some(self.measure(session, plan, "baseline", requests(handler.target())?).await?);
        }
        let load = self.measure(session, plan, "server", server).await?;
        let report = Report::new(&self, load, baseline);
        if !session.out.json(&report.json())? {
            report.print(&mut session.out)?;
        }
        if report.has_errors() { Err(Failure::Told) } else { Ok(()) }
    }

    fn plan(&self) -> Result<Plan, Failure> {
        if self.baseline && self.mode == Mode::Roundtrip {
            return Err(Failure::usage("the baseline stores nothing, so it knows no round trip; use --mode send"));
        }
        if self.agents.len() < 2 {
            return Err(Failure::usage("name two agents at least, as in --agents code,chat"));
        }
        let duration = self.duration.as_deref().and_then(protocol::parse_duration).unwrap_or(Duration::from_secs(10));
        let each = if self.mode == Mode::Roundtrip { self.batch } else { 1 };
        Plan::new(duration, self.messages, self.rate, each)
    }

    async fn measure(&self, session: &Session, plan: Plan, what: &str, requests: Requests) -> Result<Load, Failure> {
        let rounds = match self.mode {
            Mode::Send => load::Rounds::Send,
            Mode::Roundtrip => load::Rounds::Roundtrip { batch: self.batch },
        };
        let progress = progress::Progress::new(plan, what, !session.out.is_json());
        let load = load::run(self.connections, plan, rounds, requests, &progress).await;
        progress.finish();
        let load = load?;
        load.refused_entirely().map_or(Ok(load), Err)
    }
}

/// Makes a number one that can be divided; exact up to 2^53, which no count here reaches.
#[expect(clippy::cast_precision_loss, reason = "no count here reaches 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::Bench;

    fn command() -> clap::Command {
        Bench::augment_args(clap::Command::new("bench").bin_name("coord bench").term_width(100))
    }

    #[test]
    fn the_help_is_as_reviewed() {
        insta::assert_snapshot!("help", command().render_long_help());
    }

    #[test]
    fn a_baseline_knows_no_rate() {
        let why = command().try_get_matches_from(["bench", "--baseline", "--rate", "5"]).unwrap_err();
        assert_eq!(why.exit_code(), 2);
    }
}
