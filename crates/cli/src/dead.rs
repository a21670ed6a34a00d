use clap::{Args, Subcommand};
use protocol::DeadLettersQuery;
use uuid::Uuid;

use crate::{Failure, Session, id::Id, table::Table, when};

const EXAMPLES: &str = "\
Examples:
  coord dead
  coord dead list --agent chat
  coord dead redrive 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 chat";

/// List dead letters and put them back
///
/// A delivery is dead after too many attempts, or when its recipient gave it up.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Dead {
    #[command(subcommand)]
    command: Option<DeadCommand>,
}

#[derive(Debug, Subcommand)]
enum DeadCommand {
    /// List the dead letters
    List(List),
    /// Put a dead letter back into its inbox, as if it had just come
    Redrive {
        /// The message
        #[arg(value_name = "MESSAGE_ID")]
        message: Id,
        /// Whose inbox
        agent: String,
    },
}

#[derive(Debug, Default, Args)]
struct List {
    /// Only those of this recipient
    #[arg(long, short, value_name = "AGENT")]
    agent: Option<String>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: Option<u32>,
    /// Go on behind this place, as the page before says
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    after: Option<String>,
}

impl Dead {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        match self.command.unwrap_or_else(|| DeadCommand::List(List::default())) {
            DeadCommand::List(list) => list.run(session).await,
            DeadCommand::Redrive { message, agent } => redrive(session, message.find(session).await?, &agent).await,
        }
    }
}

impl List {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let query = DeadLettersQuery { agent: self.agent, limit: self.limit, after: self.after };
        let page = session.client.dead_letters(&query).await?;
        if session.out.json(&page.json)? {
            return Ok(());
        }
        if page.items.is_empty() {
            return session.out.line("No dead letters.");
        }
        let mut table = Table::new(&["ID", "RECIPIENT", "FROM", "ATTEMPTS", "DIED (UTC)", "SUBJECT", "WHY"])
            .keep_whole(&[0])
            .drop_when_narrow(&[2, 3, 4]);
        for item in &page.items {
            table.row([
                &item.message.id.to_string(),
                &item.delivery.agent,
                &item.message.from,
                &item.delivery.attempt.to_string(),
                &when::short_or_dash(item.delivery.settled_at.as_ref()),
                &item.message.subject,
                item.delivery.note.as_deref().unwrap_or("-"),
            ]);
        }
        session.out.table(&table)?;
        match &page.next {
            Some(after) => session.out.hint(&format!("More: coord dead list --after {after}")),
            None => session.out.hint("Put one back: coord dead redrive ID RECIPIENT"),
        }
    }
}

async fn redrive(session: &mut Session, message: Uuid, agent: &str) -> Result<(), Failure> {
    let delivery = session.client.redrive(message, agent).await?;
    if session.out.json(&delivery.json)? {
        return Ok(());
    }
    session.out.line(&format!("{message} is {} again for {agent}", delivery.state))
}
