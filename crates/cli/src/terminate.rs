use clap::Args;

use crate::{Failure, Session, id::Id};

/// Give a message up: it becomes a dead letter and its sender hears why
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  coord terminate chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --reason 'it is gone'",
    allow_missing_positional = true
)]
pub struct Terminate {
    /// Whose inbox; a key bound to one agent knows it by itself
    agent: Option<String>,
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    message: Id,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: String,
    /// The receipt that `coord receive` gave, when it was received
    #[arg(long, short, value_name = "RECEIPT", allow_hyphen_values = true)]
    receipt: Option<String>,
}

impl Terminate {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let (agent, message) = (session.agent(self.agent.clone()).await?, self.message.find(session).await?);
        let terminate = protocol::Terminate { receipt: self.receipt, reason: self.reason };
        let delivery = session.client.terminate(&agent, message, &terminate).await?;
        if session.out.json(&delivery.json)? {
            return Ok(());
        }
        session.out.line(&format!("Gave {message} up for {agent}"))?;
        session.out.hint(&format!("Put it back: coord dead redrive {message} {agent}"))
    }
}
