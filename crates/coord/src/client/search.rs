use clap::Args;
use protocol::{Kind, Message, MessagesQuery, Page, Priority, Timestamp};
use uuid::Uuid;

use super::{
    Failure, Session,
    table::Table,
    when,
    words::{moment, one_of},
};

const EXAMPLES: &str = "\
Examples:
  coord search flaky login test
  coord search --from code --kind complete --since 2026-03-01T00:00:00Z
  coord search rollback --domain strategy --json";

/// Find messages by their words
///
/// Words are looked for in subject and body; without any, the options alone decide.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Search {
    /// The words
    words: Vec<String>,
    /// Sent by this agent
    #[arg(long, short, value_name = "AGENT")]
    from: Option<String>,
    /// Delivered to this agent
    #[arg(long, short, value_name = "AGENT")]
    to: Option<String>,
    /// In this thread
    #[arg(long, value_name = "THREAD_ID")]
    thread: Option<Uuid>,
    /// In this authority domain
    #[arg(long, short, value_name = "NAME")]
    domain: Option<String>,
    /// Of this kind
    #[arg(long, short, value_name = "KIND", ignore_case = true, value_parser = one_of::<Kind>(Kind::WORDS))]
    kind: Option<Kind>,
    /// Of this priority
    #[arg(long, short, value_name = "PRIORITY", ignore_case = true, value_parser = one_of::<Priority>(Priority::WORDS))]
    priority: Option<Priority>,
    /// Sent at or after this moment
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    since: Option<Timestamp>,
    /// Sent before this moment
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    until: Option<Timestamp>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on behind this place, as the page before says
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

impl Search {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let query = MessagesQuery {
            from: self.from,
            to: self.to,
            thread: self.thread,
            domain: self.domain,
            kind: self.kind,
            priority: self.priority,
            q: (!self.words.is_empty()).then(|| self.words.join(" ")),
            since: self.since,
            until: self.until,
            limit: Some(self.limit),
            after: self.after,
        };
        let page = session.client.messages(&query).await?;
        if session.out.json(&page.json)? {
            return Ok(());
        }
        print(session, &page)
    }
}

fn print(session: &mut Session, page: &Page<Message>) -> Result<(), Failure> {
    if page.items.is_empty() {
        return session.out.line("No messages found.");
    }
    let mut table = Table::new(&["SENT (UTC)", "ID", "FROM", "TO", "KIND", "PRIORITY", "SUBJECT"])
        .keep_whole(&[1])
        .drop_when_narrow(&[3, 4, 5]);
    for message in &page.items {
        let to: Vec<&str> = message.recipients.iter().map(|one| one.agent.as_str()).collect();
        table.row([
            &when::short(&message.sent_at),
            &message.id.to_string(),
            &message.from,
            &to.join(", "),
            message.kind.as_str(),
            message.priority.as_str(),
            &message.subject,
        ]);
    }
    session.out.table(&table)?;
    match &page.next {
        Some(after) => session.out.hint(&format!("More: the same with --after {after}")),
        None => session.out.hint("Read one: coord show ID"),
    }
}
