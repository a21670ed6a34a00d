use std::{io, process::ExitCode};

use client::Error;
use protocol::Problem;
use protocol::shape::remedy::{self, Wording};

use crate::clean::clean;

/// Why a command was not done; each kind has its exit code.
#[derive(Debug)]
pub enum Failure {
    /// The server refused, or what it was asked about is not well: 1.
    Refused(Box<Problem>),
    /// The command found something that is not as it should be, which it has already told: 1.
    Told,
    /// What was waited for has not been decided, which the command has already told: 4.
    Undecided,
    /// The command was used wrongly: 2.
    Usage {
        /// What is wrong.
        what: String,
        /// What to do instead.
        next: Option<String>,
    },
    /// No coordination server was reached: 3.
    NotReached(String),
    /// A file, or standard output, failed: 2.
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Failure {
    /// Makes the failure of a command that was used wrongly.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), next: None }
    }

    /// Makes the failure of a file, or of standard output.
    pub fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }

    /// Whether nobody reads the output any more, as in `coord log | head`, which is no failure.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Returns the number of the exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::Told => 1,
            Self::Usage { .. } | Self::Io { .. } => 2,
            Self::NotReached(_) => 3,
            Self::Undecided => 4,
        }
    }

    /// Returns the exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// Says what went wrong, why, and what to do next, a line for each.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused(problem) => problem_lines(problem),
            Self::Told | Self::Undecided => Vec::new(),
            Self::Usage { what, next } => {
                let mut lines = vec![("error", what.clone())];
                lines.extend(next.clone().map(|next| ("next", next)));
                lines
            }
            Self::NotReached(what) => vec![
                ("error", what.clone()),
                ("next", "start a server with `coord serve`, or name one with --url or COORDINATION_URL".to_owned()),
            ],
            Self::Io { what, source } => vec![("error", format!("{what}: {source}"))],
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Problem(problem) => Self::Refused(problem),
            Error::Unreachable { .. } | Error::Protocol { .. } => Self::NotReached(error.to_string()),
            Error::Key => Self::Usage {
                what: error.to_string(),
                next: Some("look at COORDINATION_KEY, or --key: is it cut, or quoted twice?".to_owned()),
            },
            Error::Url { .. } => Self::Usage {
                what: error.to_string(),
                next: Some("write it as in --url http://127.0.0.1:8000".to_owned()),
            },
        }
    }
}

/// Writing to the terminal or the pipe is the only input or output without a name of its own.
impl From<io::Error> for Failure {
    fn from(source: io::Error) -> Self {
        Self::io("standard output", source)
    }
}

fn problem_lines(problem: &Problem) -> Vec<(&'static str, String)> {
    let what = if problem.detail.is_empty() { &problem.title } else { &problem.detail };
    let mut lines = vec![("error", clean(what).into_owned())];
    for error in problem.errors.iter().filter(|error| !problem.detail.contains(&error.why)) {
        lines.push(("field", format!("{}: {}", clean(&error.field), clean(&error.why))));
    }
    if let Some(rule) = problem.rule.iter().find(|rule| !problem.detail.contains(*rule)) {
        lines.push(("rule", clean(rule).into_owned()));
    }
    if let Some(holders) = problem.holders.iter().find(|holders| !holders.is_empty()) {
        lines.push(("holders", clean(&holders.join(", ")).into_owned()));
    }
    for gate in problem.gates.iter().flatten().filter(|gate| !gate.passed) {
        lines.push(("gate", crate::gates::sentence(gate)));
    }
    lines.extend(next_step(problem).map(|next| ("next", next)));
    if problem.status >= 500 && !problem.request_id.is_empty() {
        lines.push(("request", clean(&problem.request_id).into_owned()));
    }
    lines
}

fn next_step(problem: &Problem) -> Option<String> {
    if problem.status == 401 {
        return Some(
            "export COORDINATION_KEY=...; who administers the server makes a key with `coord keys create`".to_owned(),
        );
    }
    // The server's own sentence speaks of routes and headers; a step that is known here is put in commands.
    let step = problem.action.clone().and_then(remedy::remedy).map(|step| remedy::worded(&step, Wording::Cli));
    let remedy = step.or_else(|| problem.remedy.clone()).map(|remedy| clean(&remedy).into_owned());
    remedy.or_else(|| problem.retry_after_s.map(|seconds| format!("try again in {seconds} s")))
}

#[cfg(test)]
mod tests {
    use client::Error;
    use protocol::{FieldError, Problem};

    use super::Failure;

    fn refused(problem: Problem) -> String {
        let lines = Failure::from(Error::Problem(Box::new(problem))).lines();
        lines.into_iter().map(|(label, text)| format!("{label}: {text}")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_kind_of_failure_has_its_exit_code() {
        let url = || "http://127.0.0.1:1".to_owned();
        let code = |error: Error| Failure::from(error).code();
        assert_eq!(code(Error::Problem(Box::default())), 1);
        assert_eq!(code(Error::Url { url: url(), why: String::new() }), 2);
        assert_eq!(code(Error::Unreachable { url: url(), why: String::new() }), 3);
        assert_eq!(code(Error::Protocol { url: url(), why: String::new() }), 3);
    }

    #[test]
    fn a_refusal_says_what_why_and_what_next() {
        let problem = Problem {
            status: 403,
            code: "outside-authority".into(),
            detail: "`code` may not decide in `strategy`.".into(),
            rule: Some("decide needs the domain or final authority".into()),
            holders: Some(vec!["chat".into(), "human".into()]),
            remedy: Some("Send it as a `propose` to domain:strategy.".into()),
            ..Problem::default()
        };
        insta::assert_snapshot!(refused(problem), @r"
        error: `code` may not decide in `strategy`.
        rule: decide needs the domain or final authority
        holders: chat, human
        next: Send it as a `propose` to domain:strategy.
        ");
    }

    #[test]
    fn a_step_that_is_known_is_put_in_commands() {
        let problem = Problem {
            status: 422,
            detail: "No attachment `9f86`.".into(),
            remedy: Some("Store it first: POST /api/v1/attachments.".into()),
            action: Some(protocol::Action::StoreAttachment),
            ..Problem::default()
        };
        insta::assert_snapshot!(refused(problem), @r"
        error: No attachment `9f86`.
        next: Store it first: coord attach put FILE
        ");
    }

    #[test]
    fn every_field_at_fault_is_named_once() {
        let why = |field: &str, why: &str| FieldError { field: field.into(), why: why.into() };
        let problem = Problem {
            status: 422,
            detail: "2 fields are wrong: there is no agent `chatt`".into(),
            errors: vec![why("to", "there is no agent `chatt`"), why("subject", "is empty")],
            ..Problem::default()
        };
        insta::assert_snapshot!(refused(problem), @r"
        error: 2 fields are wrong: there is no agent `chatt`
        field: subject: is empty
        ");
    }

    #[test]
    fn a_server_in_trouble_says_when_to_come_back_and_under_what_id_it_is_logged() {
        let problem = Problem {
            status: 503,
            detail: "The disk is full.".into(),
            request_id: "0198".into(),
            retry_after_s: Some(2),
            ..Problem::default()
        };
        insta::assert_snapshot!(refused(problem), @r"
        error: The disk is full.
        next: try again in 2 s
        request: 0198
        ");
    }
}
