use clap::Args;

use crate::{Failure, Session, id::Id};

const EXAMPLES: &str = "\
Examples:
  coord ack chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42
  coord ack chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --note 'merged as 4f2a9c1'";

/// Say that a message is dealt with
///
/// With a receipt it only counts while the lease that gave the receipt still holds; without one it always does.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, allow_missing_positional = true)]
pub struct Ack {
    /// Whose inbox; a key bound to one agent knows it by itself
    agent: Option<String>,
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    message: Id,
    /// The receipt that `coord receive` gave
    #[arg(long, short, value_name = "RECEIPT", allow_hyphen_values = true)]
    receipt: Option<String>,
    /// What became of it, for the sender to read
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    note: Option<String>,
}

impl Ack {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let (agent, message) = (session.agent(self.agent.clone()).await?, self.message.find(session).await?);
        let ack = protocol::Ack { receipt: self.receipt, note: self.note };
        let delivery = session.client.ack(&agent, message, &ack).await?;
        if session.out.json(&delivery.json)? {
            return Ok(());
        }
        session.out.line(&format!("Acknowledged {message} for {agent}"))
    }
}
