//! What is written about what happens: one line an event, on standard error, never a secret or a body.

use std::fmt;
use std::io::{IsTerminal, stderr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::prelude::*;

use crate::config::{Format, Level, LoggingConfig};
use crate::traces::TracesLayer;

/// The crates whose lines are written at the level that was asked for; others are heard when they warn.
const OURS: [&str; 9] = ["blobs", "broker", "client", "coord", "engine", "ephemeral", "protocol", "server", "store"];

/// Begins to write lines as `config` says, and to make spans where `traces` is given. Panics are written like any other error.
pub(crate) fn begin(config: LoggingConfig, traces: Option<TracesLayer>) {
    let level = match config.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let targets =
        Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets(OURS.map(|ours| (ours, level)));
    // What it calls an error is a broker that went away, and `broker` says so already.
    let targets = targets.with_target("lapin", LevelFilter::OFF);
    // Spans are for traces: one that is also to be written costs every request more than reading it does, and what a line says
    // of its request stands in the line.
    let targets = targets.with_target(server::SPANS, LevelFilter::OFF);
    let terminal = stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).with_timer(Utc);
    let text = match config.format {
        Format::Auto => terminal,
        Format::Json => false,
        Format::Text => true,
    };
    let lines = if text {
        lines.with_ansi(terminal).with_filter(targets).boxed()
    } else {
        lines.json().flatten_event(true).with_filter(targets).boxed()
    };
    // A layer that may be missing would be asked about every span all the same.
    let layers = match traces {
        Some(traces) => traces.and_then(lines).boxed(),
        None => lines,
    };
    tracing_subscriber::registry().with(layers).init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        tracing::error!(panic.place = place, "{}", text.unwrap_or("panicked"));
    }));
}

/// RFC 3339 in UTC with milliseconds.
struct Utc;

impl FormatTime for Utc {
    #[expect(
        clippy::disallowed_methods,
        reason = "a log line says when it was written, whatever the clock of the rules says"
    )]
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{:.3}", jiff::Timestamp::now())
    }
}
