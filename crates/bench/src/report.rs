use serde::Serialize;

use cli::Failure;

use crate::{Bench, Mode, float, load::Load, tally::Tally};
use cli::{Output, Table, clean};

/// What a measurement found, as it is printed.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    mode: &'static str,
    connections: u32,
    threads: usize,
    body_bytes: u32,
    rate: Option<f64>,
    machine: Machine,
    server: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Figures>,
    /// The server's messages for each of the baseline's.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Machine {
    cpu: String,
    cores: usize,
}

#[derive(Debug, Serialize)]
struct Figures {
    messages: u64,
    seconds: f64,
    messages_per_second: f64,
    unsent: u64,
    errors: std::collections::BTreeMap<String, u64>,
    latency_us: Vec<Latency>,
}

/// The latencies of one step, in microseconds.
#[derive(Debug, Serialize)]
struct Latency {
    step: &'static str,
    count: u64,
    mean: f64,
    p50: u64,
    p90: u64,
    p99: u64,
    p99_9: u64,
    p99_99: u64,
    max: u64,
}

impl Report {
    pub(crate) fn new(bench: &Bench, server: Load, baseline: Option<Load>) -> Self {
        let (server, baseline) = (Figures::new(server), baseline.map(Figures::new));
        let ratio = baseline.as_ref().map(|baseline| server.messages_per_second / baseline.messages_per_second);
        Self {
            mode: if bench.mode == Mode::Send { "send" } else { "roundtrip" },
            connections: bench.connections,
            threads: bench.threads(),
            body_bytes: bench.body_bytes,
            rate: bench.rate,
            machine: Machine::this(),
            server,
            baseline,
            ratio,
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.server.errors.is_empty()
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn print(&self, out: &mut Output) -> Result<(), Failure> {
        let loop_ = self.rate.map_or_else(|| "closed loop".to_owned(), |rate| format!("open loop at {rate}/s"));
        out.line(&format!(
            "{}, {} connections of {} threads, {loop_}, {} bytes of text",
            self.mode, self.connections, self.threads, self.body_bytes
        ))?;
        out.line(&format!("{} ({} cores)", clean(&self.machine.cpu), self.machine.cores))?;
        out.gap()?;
        let mut table = Table::new(&["", "COUNT", "MEAN", "P50", "P90", "P99", "P99.9", "P99.99", "MAX"]);
        for (what, figures) in [("baseline ", self.baseline.as_ref()), ("", Some(&self.server))] {
            for latency in figures.iter().flat_map(|figures| &figures.latency_us) {
                latency.row(what, &mut table);
            }
        }
        out.table(&table)?;
        out.gap()?;
        if let Some(baseline) = &self.baseline {
            out.line(&format!("baseline  {}", baseline.sentence()))?;
        }
        out.line(&format!("server    {}", self.server.sentence()))?;
        if let Some(ratio) = self.ratio {
            out.line(&format!("ratio     {ratio:.2} of a handler that reads the same JSON and stores nothing"))?;
        }
        if self.server.unsent > 0 {
            out.line(&format!("unsent    {} messages: the server did not keep up", self.server.unsent))?;
        }
        for (why, count) in &self.server.errors {
            out.line(&format!("errors    {count} x {}", clean(why)))?;
        }
        Ok(())
    }
}

impl Figures {
    fn new(load: Load) -> Self {
        let seconds = load.elapsed.as_secs_f64();
        let mut latency_us = Vec::new();
        match &load.steps {
            None => latency_us.push(Latency::new("send", &load.rounds)),
            Some(steps) => latency_us.extend([
                Latency::new("send", &steps.send),
                Latency::new("receive", &steps.receive),
                Latency::new("ack", &steps.ack),
                Latency::new("round", &load.rounds),
            ]),
        }
        Self {
            messages: load.messages,
            seconds,
            messages_per_second: float(load.messages) / seconds.max(f64::EPSILON),
            unsent: load.unsent,
            errors: load.rounds.errors,
            latency_us,
        }
    }

    fn sentence(&self) -> String {
        let Self { messages, seconds, messages_per_second, .. } = self;
        format!("{messages_per_second:.0} messages/s ({messages} in {seconds:.1} s)")
    }
}

impl Latency {
    fn new(step: &'static str, tally: &Tally) -> Self {
        let latency = &tally.latency;
        Self {
            step,
            count: latency.len(),
            mean: latency.mean(),
            p50: latency.value_at_quantile(0.5),
            p90: latency.value_at_quantile(0.9),
            p99: latency.value_at_quantile(0.99),
            p99_9: latency.value_at_quantile(0.999),
            p99_99: latency.value_at_quantile(0.9999),
            max: latency.max(),
        }
    }

    fn row(&self, what: &str, table: &mut Table) {
        table.row([
            &format!("{what}{}", self.step),
            &self.count.to_string(),
            &human(self.mean as u64),
            &human(self.p50),
            &human(self.p90),
            &human(self.p99),
            &human(self.p99_9),
            &human(self.p99_99),
            &human(self.max),
        ]);
    }
}

impl Machine {
    fn this() -> Self {
        let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let cpu = model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned());
        Self { cpu, cores: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// Writes microseconds as people read them: three digits and a unit.
fn human(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{:.2} ms", float(us) / 1e3),
        10_000..100_000 => format!("{:.1} ms", float(us) / 1e3),
        100_000..1_000_000 => format!("{:.0} ms", float(us) / 1e3),
        _ => format!("{:.2} s", float(us) / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn latencies_are_written_with_three_digits() {
        assert_eq!(
            [7, 999, 1_234, 12_345, 123_456, 1_234_567].map(human),
            ["7 µs", "999 µs", "1.23 ms", "12.3 ms", "123 ms", "1.23 s"]
        );
    }
}
