use clap::Args;

use crate::{Failure, Session, id::Id, when, words::duration};

const EXAMPLES: &str = "\
Examples:
  coord nack chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --receipt RECEIPT
  coord nack chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --receipt RECEIPT --delay 5m";

/// Give a received message back, to be received again
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, allow_missing_positional = true)]
pub struct Nack {
    /// Whose inbox; a key bound to one agent knows it by itself
    agent: Option<String>,
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    message: Id,
    /// The receipt that `coord receive` gave
    #[arg(long, short, value_name = "RECEIPT", allow_hyphen_values = true)]
    receipt: String,
    /// How long until it may be received again
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    delay: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
}

impl Nack {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let (agent, message) = (session.agent(self.agent.clone()).await?, self.message.find(session).await?);
        let nack = protocol::Nack { receipt: self.receipt, delay: self.delay, reason: self.reason };
        let delivery = session.client.nack(&agent, message, &nack).await?;
        if session.out.json(&delivery.json)? {
            return Ok(());
        }
        let after = match &delivery.deferred_until {
            Some(moment) => format!("it may be received again after {} UTC", when::short(moment)),
            None => format!("it is {} now", delivery.state),
        };
        session.out.line(&format!("Gave {message} back for {agent}; {after}"))
    }
}
