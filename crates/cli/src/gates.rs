use clap::{Args, Subcommand};
use protocol::{EvaluateGates, GateResult, Kind, Threshold};

use crate::{
    Failure, Session,
    clean::clean,
    table::Table,
    words::{evidence, one_of},
};

/// Show the quality gates, or try numbers on them
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  coord gates\n  coord gates try --evidence test_coverage=0.75")]
pub struct Gates {
    #[command(subcommand)]
    command: Option<GatesCommand>,
}

#[derive(Debug, Subcommand)]
enum GatesCommand {
    /// Show the gates in force
    Show,
    /// Ask what the gates would say, without sending; exit code 1 when one would fail
    #[command(alias = "evaluate")]
    Try(Try),
}

#[derive(Debug, Args)]
struct Try {
    /// A measured number; may be given again
    #[arg(long, short, value_name = "METRIC=NUMBER", value_parser = evidence)]
    evidence: Vec<(String, f64)>,
    /// The kind of the message [default: complete]
    #[arg(long, short, value_name = "KIND", ignore_case = true, value_parser = one_of::<Kind>(Kind::WORDS))]
    kind: Option<Kind>,
}

impl Gates {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        match self.command.unwrap_or(GatesCommand::Show) {
            GatesCommand::Show => show(session).await,
            GatesCommand::Try(attempt) => attempt.run(session).await,
        }
    }
}

async fn show(session: &mut Session) -> Result<(), Failure> {
    let gates = session.client.gates().await?;
    if session.out.json(&gates.json)? {
        return Ok(());
    }
    if !gates.enabled {
        session.out.line("Quality gates are off.")?;
        return session
            .out
            .hint("Turn them on in config.yaml: quality_gates.enabled: true, and quality_gates.thresholds");
    }
    let mut table = Table::new(&["GATE", "PASSES WHEN"]);
    for (name, threshold) in &gates.thresholds {
        table.row([name, &bounds(threshold)]);
    }
    session.out.table(&table)?;
    session.out.gap()?;
    let kinds: Vec<&str> = gates.applies_to.iter().map(|kind| kind.as_str()).collect();
    let failure = gates.on_failure.as_str().replace('_', " ");
    session.out.line(&format!("Every message of kind {} needs all of them; on failure: {failure}", kinds.join(", ")))
}

impl Try {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let evaluate = EvaluateGates { kind: self.kind, evidence: self.evidence.into_iter().collect() };
        let found = session.client.evaluate_gates(&evaluate).await?;
        if !session.out.json(&found.json)? {
            print(session, &found.gates)?;
        }
        if found.passed { Ok(()) } else { Err(Failure::Told) }
    }
}

fn print(session: &mut Session, gates: &[GateResult]) -> Result<(), Failure> {
    let mut table = Table::new(&["GATE", "RESULT", "ACTUAL", "PASSES WHEN"]);
    for gate in gates {
        let result = if gate.passed { "passed" } else { "failed" };
        let actual = gate.actual.map_or_else(|| "missing".to_owned(), |number| number.to_string());
        table.row([&gate.gate, result, &actual, &bounds(&gate.threshold)]);
    }
    if table.is_empty() { session.out.line("No gate looks at this.") } else { session.out.table(&table) }
}

/// Says what one gate found, in a sentence.
pub(crate) fn sentence(gate: &GateResult) -> String {
    let name = clean(&gate.gate);
    match gate.actual {
        Some(actual) => format!("{name} is {actual}; it passes when {}", bounds(&gate.threshold)),
        None => format!("{name} is missing; add --evidence {name}=NUMBER"),
    }
}

fn bounds(threshold: &Threshold) -> String {
    match (threshold.min, threshold.max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "always".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use protocol::{GateResult, Threshold};

    use super::sentence;

    #[test]
    fn a_failed_gate_says_what_would_pass() {
        let threshold = Threshold { min: Some(0.8), max: None };
        let gate = |actual| GateResult { gate: "test_coverage".into(), threshold, actual, passed: false };
        assert_eq!(sentence(&gate(Some(0.7))), "test_coverage is 0.7; it passes when at least 0.8");
        assert_eq!(sentence(&gate(None)), "test_coverage is missing; add --evidence test_coverage=NUMBER");
    }
}
