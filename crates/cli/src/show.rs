use clap::Args;
use protocol::Message;

use crate::{Failure, Session, clean::clean, decision, id::Id, table::Table, when};

/// Show a message and what became of it
///
/// Prints the message, then each recipient with the state of its delivery and when it changed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coord show 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42")]
pub struct Show {
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    message: Id,
}

impl Show {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let id = self.message.find(session).await?;
        let found = session.client.message(id).await?;
        let receipts = session.client.receipts(id).await?;
        if session.out.is_json() {
            let json = format!("{{\"message\":{},\"receipts\":{}}}", found.json, receipts.json);
            return session.out.json(&json).map(drop);
        }
        message(session, &found)?;
        if found.body.is_empty() {
            session.out.gap()?;
        }
        if let Some(made) = &found.decision {
            decision::print(session, made)?;
            session.out.gap()?;
        }
        let mut table = Table::new(&["RECIPIENT", "STATE", "ATTEMPTS", "DELIVERED (UTC)", "SETTLED (UTC)", "NOTE"]);
        for receipt in &receipts.items {
            let trigger = receipt.trigger.as_ref().map(|trigger| format!("waits for trigger {trigger}"));
            let until = receipt.deferred_until.as_ref().map(|moment| format!("waits until {}", when::short(moment)));
            table.row([
                &receipt.agent,
                receipt.state.as_str(),
                &receipt.attempts.to_string(),
                &when::short_or_dash(receipt.delivered_at.as_ref()),
                &when::short_or_dash(receipt.settled_at.as_ref()),
                receipt.note.as_ref().or(trigger.as_ref()).or(until.as_ref()).map_or("-", String::as_str),
            ]);
        }
        session.out.table(&table)?;
        session.out.hint(&format!("The conversation: coord thread {}", found.thread_id))
    }
}

/// Prints a message: its head, then its text.
pub(crate) fn message(session: &mut Session, message: &Message) -> Result<(), Failure> {
    for (label, text) in head(message) {
        session.out.line(&format!("{:<9} {text}", format!("{label}:")))?;
    }
    if !message.body.is_empty() {
        session.out.gap()?;
        session.out.block(&message.body)?;
        session.out.gap()?;
    }
    Ok(())
}

fn head(message: &Message) -> Vec<(&'static str, String)> {
    let to = match &message.to {
        Some(to) => to.as_slice().join(", "),
        None => message.recipients.iter().map(|one| one.agent.as_str()).collect::<Vec<_>>().join(", "),
    };
    let mut lines = vec![
        ("Message", message.id.to_string()),
        ("From", clean(&message.from).into_owned()),
        ("To", clean(&to).into_owned()),
        ("Subject", clean(&message.subject).into_owned()),
        ("Sent", format!("{} UTC", when::short(&message.sent_at))),
    ];
    let mut kind = format!("{}, {}", message.kind, message.priority);
    if let Some(domain) = &message.domain {
        kind = format!("{kind}, in {}", clean(domain));
    }
    lines.push(("Kind", kind));
    lines.extend(message.in_reply_to.map(|id| ("Answers", id.to_string())));
    lines.extend(message.expires_at.as_ref().map(|moment| ("Expires", format!("{} UTC", when::short(moment)))));
    for (metric, number) in &message.evidence {
        lines.push(("Evidence", format!("{} = {number}", clean(metric))));
    }
    for attachment in &message.attachments {
        let name = attachment.name.as_deref().unwrap_or("");
        lines.push(("File", format!("{} {}", attachment.sha256, clean(name)).trim_end().to_owned()));
    }
    lines.extend(message.metadata.as_ref().map(|metadata| ("Metadata", clean(metadata.as_json()).into_owned())));
    lines.extend(message.outcome.as_ref().map(|outcome| ("Outcome", clean(&outcome.detail).into_owned())));
    lines
}
