use clap::Args;
use protocol::{DecisionOutcome, Edits};

use crate::{Failure, Session, body::Body, decision, id::Id, words::evidence};

const APPROVING: &str = "\
Examples:
  coord approve 8a3c1e42 --from chat -m 'go ahead'
  coord approve 8a3c1e42 --body 'Release on Monday instead.'
  coord approve 8a3c1e42 --overturn -m 'the numbers are right after all'";

/// Approve what a message asked
///
/// With --body or --evidence, what is approved is that instead of what was asked.
#[derive(Debug, Args)]
#[command(after_help = APPROVING)]
pub struct Approve {
    #[command(flatten)]
    decide: Decide,
    #[command(flatten)]
    body: Body,
    /// A measured number that holds instead; may be given again
    #[arg(long, short, value_name = "METRIC=NUMBER", value_parser = evidence)]
    evidence: Vec<(String, f64)>,
}

/// Reject what a message asked
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coord reject 8a3c1e42 --from chat -m 'not before the audit'")]
pub struct Reject {
    #[command(flatten)]
    decide: Decide,
}

/// Take back what you asked
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coord withdraw 8a3c1e42 --from code -m 'no longer needed'")]
pub struct Withdraw {
    /// The message that asked; the beginning or end of its id is enough
    #[arg(value_name = "MESSAGE_ID")]
    message: Id,
    /// Who asked; a key bound to one agent knows it by itself
    #[arg(long, short, value_name = "AGENT")]
    from: Option<String>,
    /// Why
    #[arg(long = "message", short = 'm', value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
}

/// What both ways to decide have in common.
#[derive(Debug, Args)]
struct Decide {
    /// The message that asked; the beginning or end of its id is enough
    #[arg(value_name = "MESSAGE_ID")]
    message: Id,
    /// Who decides; a key bound to one agent knows it by itself
    #[arg(long, short, value_name = "AGENT")]
    from: Option<String>,
    /// Why, to 1000 characters
    #[arg(long = "message", short = 'm', value_name = "TEXT", allow_hyphen_values = true)]
    note: Option<String>,
    /// Replace an earlier decision: for the final authority, and only with --message
    #[arg(long, requires = "note")]
    overturn: bool,
}

impl Approve {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let body = self.body.given().then(|| self.body.read()).transpose()?;
        let evidence = (!self.evidence.is_empty()).then(|| self.evidence.into_iter().collect());
        let edits = (body.is_some() || evidence.is_some()).then_some(Edits { body, evidence });
        self.decide.run(session, DecisionOutcome::Approve, edits).await
    }
}

impl Reject {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        self.decide.run(session, DecisionOutcome::Reject, None).await
    }
}

impl Decide {
    async fn run(self, session: &mut Session, outcome: DecisionOutcome, edits: Option<Edits>) -> Result<(), Failure> {
        let message = self.message.find(session).await?;
        let from = session.speaker(self.from);
        let request = protocol::Decide { from, outcome, note: self.note, edits, overturn: self.overturn };
        let decided = session.client.decide(message, &request).await?;
        if session.out.json(&decided.json)? {
            return Ok(());
        }
        decision::print(session, &decided)
    }
}

impl Withdraw {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let message = self.message.find(session).await?;
        let request = protocol::Withdraw { from: session.speaker(self.from), reason: self.reason };
        let withdrawn = session.client.withdraw(message, &request).await?;
        if session.out.json(&withdrawn.json)? {
            return Ok(());
        }
        decision::print(session, &withdrawn)
    }
}
