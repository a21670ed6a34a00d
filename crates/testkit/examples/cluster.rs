//! A cluster on this machine for people to try: `cargo xtask cluster` builds the binary and runs this. Everything that it
//! starts is private, listens on loopback, and is gone when it ends.

use std::io::{self, Write};
use std::process::ExitCode;

use testkit::cluster::{Cluster, Engines, Size};
use testkit::failure::Failure;

fn main() -> ExitCode {
    match run(std::env::args().nth(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(binary: Option<String>) -> Result<(), Failure> {
    let binary = binary.ok_or_else(|| Failure::new("name the binary: cluster target/debug/coord"))?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::of("start threads", &error))?;
    say("starting PostgreSQL, RabbitMQ and Redis ...");
    let engines = Engines::start()?;
    let mut environment = engines.installation("coordination")?;
    environment.push(("COORDINATION__SERVER__DRAIN_DELAY".to_owned(), "1s".to_owned()));
    say("starting 3 x coord api, 2 x coord worker and HAProxy ...");
    let cluster = Cluster::start(&binary, &environment, Size::default())?;
    say(&sheet(&binary, &engines, &cluster));
    let interrupted = runtime.block_on(tokio::signal::ctrl_c());
    interrupted.map_err(|error| Failure::of("wait for Ctrl-C", &error))?;
    say("\nstopping everything ...");
    drop(cluster);
    drop(engines);
    Ok(())
}

/// What people need to know: where everything is, what to try, and how it ends.
fn sheet(binary: &str, engines: &Engines, cluster: &Cluster) -> String {
    let url = cluster.url();
    let mut lines = vec![
        String::new(),
        format!("  API, through HAProxy   {url}          {url}/docs"),
        format!("  PostgreSQL             {}", engines.postgres.url_of("coordination")),
        format!("  RabbitMQ               {}", engines.rabbitmq.url()),
        format!("  Redis                  {}", engines.redis.url()),
    ];
    for (name, processes) in [("api", &cluster.apis), ("worker", &cluster.workers)] {
        for process in processes {
            let (at, metrics) = (process.url(), process.metrics_address());
            lines.push(format!("  coord {name:<6}           {at}   http://{metrics}/metrics"));
        }
    }
    lines.extend([
        String::new(),
        "  Try, in another terminal:".to_owned(),
        format!("    export COORDINATION_URL={url}"),
        format!("    {binary} send -f code -t chat -s Hello -b 'It works.'"),
        format!("    {binary} receive chat --wait 10s"),
        format!("    {binary} verify"),
        String::new(),
        "  Kill any of these processes: nothing that was answered is lost. Ctrl-C stops everything and removes its data.".to_owned(),
    ]);
    lines.join("\n")
}

/// Prints a line; where nobody reads it, it is not missed.
fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}
