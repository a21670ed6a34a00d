use clap::Args;
use uuid::Uuid;

use crate::{Failure, Session};

const EXAMPLES: &str = "\
Examples:
  coord ack chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42
  coord ack chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --note 'merged as 4f2a9c1'";

/// Say that a message is dealt with
///
/// With a receipt it only counts while the lease that gave the receipt still holds; without one it always does.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Ack {
    /// Whose inbox
    agent: String,
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    message: Uuid,
    /// The receipt that `coord receive` gave
    #[arg(long, short, value_name = "RECEIPT", allow_hyphen_values = true)]
    receipt: Option<String>,
    /// What became of it, for the sender to read
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    note: Option<String>,
}

impl Ack {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let ack = protocol::Ack { receipt: self.receipt, note: self.note };
        let delivery = session.client.ack(&self.agent, self.message, &ack).await?;
        if session.out.json(&delivery.json)? {
            return Ok(());
        }
        session.out.line(&format!("Acknowledged {} for {}", self.message, self.agent))
    }
}
