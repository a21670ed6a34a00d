use api::{InboxItem, client::Streamed};
use clap::Args;

use super::{Failure, Session, clean::clean, output::remark, when};

/// Follow an inbox live
///
/// Prints a line for each delivery as it arrives, until you stop it with Ctrl-C. Connects again by itself and misses
/// nothing. Takes nothing: use `coord receive` to work on a message.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coord watch chat\n  coord watch chat --body\n  coord watch chat --json | jq .message.subject"
)]
pub(crate) struct Watch {
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
    pub(super) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let mut stream = session.client.inbox_stream(&self.agent, self.after);
        let mut connected_before = false;
        loop {
            match stream.next().await? {
                Streamed::Item { value, json } => self.item(session, &value, &json)?,
                Streamed::Connected if connected_before => remark("connected again"),
                Streamed::Connected => {
                    connected_before = true;
                    remark(&format!("watching the inbox of {}; stop with Ctrl-C", self.agent));
                }
                Streamed::Interrupted { why, pause } => {
                    remark(&format!("interrupted ({why}); connecting again in {:.1} s", pause.as_secs_f64()));
                }
            }
        }
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
