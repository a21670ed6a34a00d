use clap::Args;
use uuid::Uuid;

use crate::{Failure, Session, when, words::duration};

/// Keep a received message longer
///
/// The lease then ends that long from now.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  coord extend chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --receipt RECEIPT --lease 10m"
)]
pub struct Extend {
    /// Whose inbox
    agent: String,
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    message: Uuid,
    /// The receipt that `coord receive` gave
    #[arg(long, short, value_name = "RECEIPT", allow_hyphen_values = true)]
    receipt: String,
    /// How long from now
    #[arg(long, short, value_name = "DURATION", value_parser = duration)]
    lease: String,
}

impl Extend {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let extend = protocol::Extend { receipt: self.receipt, lease: self.lease };
        let delivery = session.client.extend(&self.agent, self.message, &extend).await?;
        if session.out.json(&delivery.json)? {
            return Ok(());
        }
        let until = when::short_or_dash(delivery.lease_expires_at.as_ref());
        session.out.line(&format!("{} is yours until {until} UTC", self.message))
    }
}
