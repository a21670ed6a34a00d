use clap::Args;
use protocol::{DecisionState, DecisionStates, DecisionsQuery};

use crate::{Failure, Session, table::Table, when, words::one_of};

const EXAMPLES: &str = "\
Examples:
  coord pending human
  coord pending --domain strategy
  coord pending --from code --state approved,rejected";

/// Show what waits for a decision
///
/// The earliest deadline first. Without an agent: what waits for the one that the key or context speaks for, else everything.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Pending {
    /// For whom it waits
    agent: Option<String>,
    /// Only what this agent asked
    #[arg(long, short, value_name = "AGENT")]
    from: Option<String>,
    /// Only in this domain
    #[arg(long, short, value_name = "NAME")]
    domain: Option<String>,
    /// Only in these states [default: open]; may be given again
    #[arg(long, short, value_name = "STATE", value_delimiter = ',', ignore_case = true, value_parser = one_of::<DecisionState>(DecisionState::WORDS))]
    state: Vec<DecisionState>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on behind this place, as the page before says
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    after: Option<String>,
}

impl Pending {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let states = if self.state.is_empty() { vec![DecisionState::Open] } else { self.state };
        let own = if self.from.is_some() { None } else { session.own.clone() };
        let query = DecisionsQuery {
            state: Some(DecisionStates(states)),
            for_: self.agent.or(own),
            domain: self.domain,
            from: self.from,
            limit: Some(self.limit),
            after: self.after,
        };
        let page = session.client.decisions(&query).await?;
        if session.out.json(&page.json)? {
            return Ok(());
        }
        if page.items.is_empty() {
            return session.out.line("Nothing waits for a decision.");
        }
        let mut table = Table::new(&["ID", "ASKED BY", "OF", "DOMAIN", "STATE", "UNTIL (UTC)", "SUBJECT"])
            .keep_whole(&[0])
            .drop_when_narrow(&[2, 4]);
        for decision in &page.items {
            table.row([
                &decision.message_id.to_string(),
                &decision.asked_by,
                &decision.asked_of.join(", "),
                decision.domain.as_deref().unwrap_or("-"),
                decision.state.as_str(),
                &when::short_or_dash(decision.due_at.as_ref()),
                &decision.subject,
            ]);
        }
        session.out.table(&table)?;
        match &page.next {
            Some(after) => session.out.hint(&format!("More: coord pending --after {after}")),
            None => session.out.hint("Decide: coord approve ID, coord reject ID -m WHY"),
        }
    }
}
