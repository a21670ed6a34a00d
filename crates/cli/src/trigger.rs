use clap::Args;

use crate::{Failure, Session};

/// Bring back every message that was put off until this trigger
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coord trigger tests-green")]
pub struct Trigger {
    /// The trigger's name
    name: String,
}

impl Trigger {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let answer = session.client.trigger(&self.name).await?;
        if session.out.json(&answer.json)? {
            return Ok(());
        }
        let messages = if answer.returned == 1 { "message" } else { "messages" };
        session.out.line(&format!("{}: {} {messages} came back", self.name, answer.returned))
    }
}
