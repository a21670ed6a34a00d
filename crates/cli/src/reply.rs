use clap::Args;
use protocol::{Ack, Message, Recipients};

use crate::{
    Failure, Session,
    id::Id,
    message_args::{self, MessageArgs},
};

const EXAMPLES: &str = "\
Examples:
  coord reply 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --from chat --body 'Looks good'
  coord reply 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --from chat --kind approve -d strategy --ack";

/// The longest subject that the server takes, in characters.
const LONGEST_SUBJECT: usize = 200;

/// Answer a message, in its thread
///
/// Goes to whoever sent the message, unless --all or --to say otherwise.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Reply {
    /// The message to answer
    #[arg(value_name = "MESSAGE_ID")]
    message: Id,
    /// Who answers; a key bound to one agent knows it by itself
    #[arg(long, short, value_name = "AGENT")]
    from: Option<String>,
    /// Answer everyone who has the message
    #[arg(long)]
    all: bool,
    /// Answer somebody else; may be given again
    #[arg(long, short, value_name = "AGENT", value_delimiter = ',', conflicts_with = "all")]
    to: Vec<String>,
    /// What it is about [default: the message's subject, with Re: before it]
    #[arg(long, short, value_name = "TEXT", allow_hyphen_values = true)]
    subject: Option<String>,
    /// Then say that the message is dealt with, as `coord ack` does
    #[arg(long)]
    ack: bool,
    #[command(flatten)]
    args: MessageArgs,
}

impl Reply {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let original = session.client.message(self.message.find(session).await?).await?.value;
        let mut message = self.args.write(session).await?;
        message.to = Some(self.recipients(&original));
        message.subject = self.subject.unwrap_or_else(|| answer_subject(&original.subject));
        message.in_reply_to = Some(original.id);
        message.from = session.speaker(self.from.clone());
        message_args::send(session, &message, self.args.idempotency_key.as_deref()).await?;
        if self.ack {
            let from = &session.agent(self.from).await?;
            session.client.ack(from, original.id, &Ack::default()).await?;
            session.out.note(&format!("Acknowledged {} for {from}", original.id))?;
        }
        Ok(())
    }

    fn recipients(&self, original: &Message) -> Recipients {
        if !self.to.is_empty() {
            return self.to.clone().into();
        }
        let mut names = vec![original.from.clone()];
        let is_own = self.from.as_ref() == Some(&original.from);
        if self.all || is_own {
            names.extend(original.recipients.iter().map(|recipient| recipient.agent.clone()));
        }
        names.retain(|name| self.from.as_ref() != Some(name));
        if names.is_empty() { original.from.as_str().into() } else { names.into() }
    }
}

/// Puts `Re:` before a subject, once, and keeps to the longest that the server takes.
fn answer_subject(subject: &str) -> String {
    if subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:")) {
        return subject.to_owned();
    }
    format!("Re: {subject}").chars().take(LONGEST_SUBJECT).collect()
}

#[cfg(test)]
mod tests {
    use super::answer_subject;

    #[test]
    fn an_answer_says_re_once_and_stays_within_the_limit() {
        assert_eq!(answer_subject("Hello"), "Re: Hello");
        assert_eq!(answer_subject("re: Hello"), "re: Hello");
        assert_eq!(answer_subject("é"), "Re: é");
        assert_eq!(answer_subject(&"x".repeat(200)).chars().count(), 200);
    }
}
