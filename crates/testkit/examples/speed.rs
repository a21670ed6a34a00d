//! Measures a release build of `coord` as it stands in docs/performance.md: embedded, on PostgreSQL, and with PostgreSQL, RabbitMQ
//! and Redis; each on private servers, generator and all on this one machine. Prints a table in Markdown.
//!
//! `cargo xtask bench` builds the binary, installs what is missing and runs this with the binary's path.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for developers, whose output is the table")]

use std::process::{Command, ExitCode};

use serde_json::Value;
use testkit::coord::Coord;
use testkit::failure::Failure;
use testkit::postgres::Postgres;
use testkit::rabbitmq::RabbitMq;
use testkit::redis::Redis;

/// What is run against each server: its name, and what `coord bench` is told.
const RUNS: [(&str, &[&str]); 3] = [
    ("64 connections", &["--connections", "64", "--duration", "10s", "--baseline"]),
    ("1 connection", &["--connections", "1", "--duration", "5s"]),
    ("500/s, open loop", &["--connections", "64", "--rate", "500", "--duration", "8s"]),
];

fn main() -> ExitCode {
    let Some(binary) = std::env::args().nth(1) else {
        eprintln!("usage: speed PATH-OF-COORD");
        return ExitCode::from(2);
    };
    match measure(&binary) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(binary: &str) -> Result<(), Failure> {
    println!("| on | load | per second | p50 | p99 | p99.9 | of the handler |");
    println!("|---|---|---|---|---|---|---|");
    serve(binary, "SQLite, embedded", &[])?;
    let postgres = Postgres::start()?;
    serve(binary, "PostgreSQL", &[("DATABASE_URL", &postgres.url())])?;
    let (rabbitmq, redis) = (RabbitMq::start()?, Redis::start()?);
    let database = postgres.create_database("whole")?;
    let urls = [("DATABASE_URL", database), ("RABBITMQ_URL", rabbitmq.url()), ("REDIS_URL", redis.url())];
    serve(binary, "PostgreSQL, RabbitMQ and Redis", &urls.each_ref().map(|(name, url)| (*name, url.as_str())))
}

/// Starts a server and runs everything against it.
fn serve(binary: &str, on: &str, environment: &[(&str, &str)]) -> Result<(), Failure> {
    let server = Coord::start(binary, environment)?;
    // What is made once, such as connections and query plans, is made before anything is measured.
    bench(server.command(), &["--duration", "2s"])?;
    for (load, arguments) in RUNS {
        let report = bench(server.command(), arguments)?;
        let handler =
            report.get("baseline").map(|baseline| row(on, "the handler alone, 64 connections", baseline, None));
        println!("{}", row(on, load, &report["server"], report["ratio"].as_f64()));
        if let Some(handler) = handler {
            println!("{handler}");
        }
    }
    Ok(())
}

fn bench(mut command: Command, arguments: &[&str]) -> Result<Value, Failure> {
    let failed = |why: String| Failure::of("run coord bench", &why);
    let output =
        command.args(["--json", "bench"]).args(arguments).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}

fn row(on: &str, load: &str, figures: &Value, ratio: Option<f64>) -> String {
    let latency = &figures["latency_us"][0];
    let millis = |name: &str| format!("{:.2} ms", latency[name].as_f64().unwrap_or_default() / 1_000.0);
    let rate = figures["messages_per_second"].as_f64().unwrap_or_default();
    let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
    format!("| {on} | {load} | {rate:.0} | {} | {} | {} | {ratio} |", millis("p50"), millis("p99"), millis("p99_9"))
}
