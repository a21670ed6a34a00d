use clap::Args;
use protocol::{Event, EventsQuery};

use crate::{
    Failure, Session,
    clean::{clean, cut},
    follow::follow,
    id::{self, Id},
    table::Table,
    when,
};

const EXAMPLES: &str = "\
Examples:
  coord log
  coord log --follow --type message.sent
  coord log --message 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42
  coord log --after 0 --limit 500 --json";

/// Show or follow the event log
///
/// Every change is an event: numbered without holes, and chained by hash to the one before.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Log {
    /// Go on as events happen, until you stop it with Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Only this type, as in message.sent
    #[arg(long, short, value_name = "TYPE")]
    r#type: Option<String>,
    /// Only events that concern this agent
    #[arg(long, short, value_name = "AGENT")]
    agent: Option<String>,
    /// Only events that concern this message
    #[arg(long, short, value_name = "MESSAGE_ID")]
    message: Option<Id>,
    /// Begin behind this position; 0 begins with the first event [default: the last events]
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

impl Log {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let mut query = EventsQuery {
            after: self.after,
            limit: Some(self.limit),
            kind: self.r#type,
            agent: self.agent,
            message: id::find(self.message.as_ref(), session).await?,
        };
        if self.follow {
            let stream = session.client.events_stream(&query);
            return follow(stream, "the event log", |event, json| line(session, &event, &json)).await;
        }
        let is_filtered = query.kind.is_some() || query.agent.is_some() || query.message.is_some();
        if query.after.is_none() && !is_filtered {
            let head = session.client.events_head().await?.seq;
            query.after = Some(head.saturating_sub(u64::from(self.limit)));
            // Fewer than that are left where the log was trimmed: then all that are.
            if session.client.events(&query).await.is_err_and(|error| error.code() == Some("archived")) {
                query.after = None;
            }
        }
        page(session, &query).await
    }
}

async fn page(session: &mut Session, query: &EventsQuery) -> Result<(), Failure> {
    let page = session.client.events(query).await?;
    if session.out.json(&page.json)? {
        return Ok(());
    }
    if page.items.is_empty() {
        return session.out.line("No events.");
    }
    let mut table =
        Table::new(&["SEQ", "TIME (UTC)", "TYPE", "SUBJECT", "HASH"]).keep_whole(&[3]).drop_when_narrow(&[4]);
    for event in &page.items {
        let [seq, time, kind, subject, hash] = cells(event);
        table.row([&seq, &time, &kind, &subject, &hash]);
    }
    session.out.table(&table)?;
    match &page.next {
        Some(after) => session.out.hint(&format!("More: the same with --after {after}")),
        None => Ok(()),
    }
}

fn line(session: &mut Session, event: &Event, json: &str) -> Result<(), Failure> {
    if session.out.json(json)? {
        return Ok(());
    }
    let [seq, time, kind, subject, hash] = cells(event);
    session.out.line(&format!("{seq:>8}  {time}  {kind:<20}  {subject:<36}  {hash}"))
}

fn cells(event: &Event) -> [String; 5] {
    [
        event.sequence.to_string(),
        when::short(&event.time),
        clean(event.kind.trim_start_matches("coordination.")).into_owned(),
        clean(event.subject.as_deref().unwrap_or("-")).into_owned(),
        cut(&clean(&event.hash), 13).into_owned(),
    ]
}
