use clap::Args;

use crate::{Failure, Session, id::Id, when, words::duration};

/// Keep a received message longer
///
/// The lease then ends that long from now.
#[derive(Debug, Args)]
#[command(
    allow_missing_positional = true,
    after_help = "Example:\n  coord extend chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --receipt RECEIPT --lease 10m"
)]
pub struct Extend {
    /// Whose inbox; a key bound to one agent knows it by itself
    agent: Option<String>,
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    message: Id,
    /// The receipt that `coord receive` gave
    #[arg(long, short, value_name = "RECEIPT", allow_hyphen_values = true)]
    receipt: String,
    /// How long from now
    #[arg(long, short, value_name = "DURATION", value_parser = duration)]
    lease: String,
}

impl Extend {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let (agent, message) = (session.agent(self.agent.clone()).await?, self.message.find(session).await?);
        let extend = protocol::Extend { receipt: self.receipt, lease: self.lease };
        let delivery = session.client.extend(&agent, message, &extend).await?;
        if session.out.json(&delivery.json)? {
            return Ok(());
        }
        let until = when::short_or_dash(delivery.lease_expires_at.as_ref());
        session.out.line(&format!("{message} is yours until {until} UTC"))
    }
}
