use clap::Args;
use protocol::{AttachmentRef, Kind, Message, Metadata, Priority, SendMessage, State, Timestamp};

use crate::{
    Failure, Session, attach,
    body::Body,
    clean::clean,
    words::{duration, evidence, metadata, moment, one_of},
};

/// What a new message and an answer have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct MessageArgs {
    #[command(flatten)]
    body: Body,
    /// What the message does [default: inform]
    #[arg(long, short, value_name = "KIND", ignore_case = true, value_parser = one_of::<Kind>(Kind::WORDS))]
    kind: Option<Kind>,
    /// How urgent it is [default: normal]
    #[arg(long, short, value_name = "PRIORITY", ignore_case = true, value_parser = one_of::<Priority>(Priority::WORDS))]
    priority: Option<Priority>,
    /// The authority domain it is about, as in `testing`
    #[arg(long, short, value_name = "NAME")]
    domain: Option<String>,
    /// A file to carry, or the sha256 of one stored before; may be given again
    #[arg(long, short, value_name = "FILE|SHA256")]
    attach: Vec<String>,
    /// A measured number that quality gates look at; may be given again
    #[arg(long, short, value_name = "METRIC=NUMBER", value_parser = evidence)]
    evidence: Vec<(String, f64)>,
    /// A JSON object for the recipient's program
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    metadata: Option<Metadata>,
    /// The media type of the text [default: text/markdown]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// How long it is worth delivering
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "expires_at")]
    expires_in: Option<String>,
    /// Until when it is worth delivering
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    expires_at: Option<Timestamp>,
    /// How long to hold it back
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "deliver_at")]
    deliver_in: Option<String>,
    /// Until when to hold it back
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    deliver_at: Option<Timestamp>,
    /// How soon it must be acknowledged before somebody else hears of it
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    ack_within: Option<String>,
    /// Any text of your own: sending again with the same one sends nothing twice
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub idempotency_key: Option<String>,
}

impl MessageArgs {
    /// Makes the message, without sender, recipients and subject; stores the files it carries.
    pub(crate) async fn write(&self, session: &Session) -> Result<SendMessage, Failure> {
        let body = self.body.read()?;
        let mut attachments = Vec::with_capacity(self.attach.len());
        for file in &self.attach {
            attachments.push(self.attachment(session, file).await?);
        }
        Ok(SendMessage {
            body,
            attachments,
            content_type: self.content_type.clone(),
            kind: self.kind,
            priority: self.priority,
            domain: self.domain.clone(),
            evidence: self.evidence.iter().cloned().collect(),
            metadata: self.metadata.clone(),
            expires_in: self.expires_in.clone(),
            expires_at: self.expires_at.clone(),
            deliver_in: self.deliver_in.clone(),
            deliver_at: self.deliver_at.clone(),
            ack_within: self.ack_within.clone(),
            ..SendMessage::default()
        })
    }

    async fn attachment(&self, session: &Session, file: &str) -> Result<AttachmentRef, Failure> {
        if attach::is_sha256(file) {
            return Ok(AttachmentRef { sha256: file.to_ascii_lowercase(), name: None });
        }
        let stored = attach::store(&session.client, file.as_ref(), None).await?;
        Ok(AttachmentRef { sha256: stored.value.sha256, name: attach::file_name(file.as_ref()) })
    }
}

/// Sends the message and says where it went.
pub(crate) async fn send(session: &mut Session, message: &SendMessage, key: Option<&str>) -> Result<(), Failure> {
    let sent = session.client.send_message(message, key).await?;
    if session.out.json(&sent.json)? {
        return Ok(());
    }
    let said = if sent.replayed { "Sent before, under the same idempotency key:" } else { "Sent" };
    session.out.line(&format!("{said} {} to {}", sent.id, whereto(&sent)))?;
    if let Some(outcome) = &sent.outcome {
        session.out.line(&format!("{}: {}", outcome.action.as_str().replace('_', " "), clean(&outcome.detail)))?;
    }
    if sent.in_reply_to.is_none() && !sent.replayed {
        session.out.hint(&format!("What became of it: coord show {}", sent.id))?;
    }
    Ok(())
}

/// Names the recipients, with the state of those who do not simply have it waiting.
fn whereto(message: &Message) -> String {
    let each = message.recipients.iter().map(|recipient| match recipient.state.as_str() {
        state if state == State::Pending.as_str() => clean(&recipient.agent).into_owned(),
        state => format!("{} ({})", clean(&recipient.agent), state.replace('_', " ")),
    });
    let all: Vec<String> = each.collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
}
