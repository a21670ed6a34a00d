use clap::Args;
use uuid::Uuid;

use crate::{Failure, Session};

/// Give a message up: it becomes a dead letter and its sender hears why
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coord terminate chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --reason 'it is gone'")]
pub struct Terminate {
    /// Whose inbox
    agent: String,
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    message: Uuid,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: String,
    /// The receipt that `coord receive` gave, when it was received
    #[arg(long, short, value_name = "RECEIPT", allow_hyphen_values = true)]
    receipt: Option<String>,
}

impl Terminate {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let terminate = protocol::Terminate { receipt: self.receipt, reason: self.reason };
        let delivery = session.client.terminate(&self.agent, self.message, &terminate).await?;
        if session.out.json(&delivery.json)? {
            return Ok(());
        }
        session.out.line(&format!("Gave {} up for {}", self.message, self.agent))?;
        session.out.hint(&format!("Put it back: coord dead redrive {} {}", self.message, self.agent))
    }
}
