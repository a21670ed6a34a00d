use clap::Args;
use protocol::Recipients;

use crate::{
    Failure, Session,
    id::{self, Id},
    message_args::{self, MessageArgs},
};

const EXAMPLES: &str = "\
Examples:
  coord send --from code --to chat --subject 'Hello' --body 'Hi'
  coord send --from code --to chat,human --subject 'Report' --body @report.md --attach log.txt
  coord send --from chat --kind request --domain testing --subject 'Cover it' --ack-within 30m
  make test 2>&1 | coord send --from code --to chat --subject 'Test run' --body -
  coord send --from code --to chat --kind complete --subject 'Done' --evidence test_coverage=0.91";

/// Send a message
///
/// It is stored durably and waits in every recipient's inbox when the command returns.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Send {
    /// The sender; a key bound to one agent knows it by itself
    #[arg(long, short, value_name = "AGENT")]
    from: Option<String>,
    /// A recipient: an agent, `domain:NAME` for a domain's holders, `*` for everyone; may be given again
    #[arg(long, short, value_name = "AGENT", value_delimiter = ',')]
    to: Vec<String>,
    /// What it is about, up to 200 characters
    #[arg(long, short, value_name = "TEXT", allow_hyphen_values = true)]
    subject: String,
    /// The message it answers, whose thread it joins (see also `coord reply`)
    #[arg(long, value_name = "MESSAGE_ID")]
    in_reply_to: Option<Id>,
    #[command(flatten)]
    args: MessageArgs,
}

impl Send {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let mut message = self.args.write(session).await?;
        message.from = session.speaker(self.from);
        message.to = (!self.to.is_empty()).then(|| Recipients::from(self.to));
        message.subject = self.subject;
        message.in_reply_to = id::find(self.in_reply_to.as_ref(), session).await?;
        message_args::send(session, &message, self.args.idempotency_key.as_deref()).await
    }
}
