use clap::Args;
use protocol::InboxItem;

use crate::{Failure, Session, clean::clean, follow::follow, when};

/// Follow an inbox live
///
/// Prints a line for each delivery as it arrives, until you stop it with Ctrl-C. Connects again by itself and misses
/// nothing. Takes nothing: use `coord receive` to work on a message.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coord watch chat\n  coord watch chat --body\n  coord watch chat --json | jq .message.subject"
)]
pub struct Watch {
    /// Whose inbox
    agent: String,
    /// Print the messages' text, too
    #[arg(long, short)]
    body: bool,
    /// Begin behind this position of the event log
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
}

impl Watch {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let stream = session.client.inbox_stream(&self.agent, self.after);
        let what = format!("the inbox of {}", self.agent);
        follow(stream, &what, |item, json| self.item(session, &item, &json)).await
    }

    fn item(&self, session: &mut Session, item: &InboxItem, json: &str) -> Result<(), Failure> {
        if session.out.json(json)? {
            return Ok(());
        }
        let message = &item.message;
        session.out.line(&format!(
            "{}  {}  {:<8}  {:<8}  {:<8}  {}: {}",
            when::short(&message.sent_at),
            message.id,
            item.delivery.state,
            message.priority,
            message.kind,
            clean(&message.from),
            clean(&message.subject),
        ))?;
        if self.body { session.out.block(&message.body) } else { Ok(()) }
    }
}
