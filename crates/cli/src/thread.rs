use clap::Args;
use client::Answer;
use protocol::PageQuery;
use uuid::Uuid;

use crate::{Failure, Session, id::Id, show};

/// Show a conversation
///
/// Prints every message of the thread, oldest first.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coord thread 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42")]
pub struct Thread {
    /// The thread, or any message in it
    #[arg(value_name = "THREAD_ID")]
    id: Id,
    /// How many messages at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on behind this place, as the page before says
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    after: Option<String>,
}

impl Thread {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let page = PageQuery { limit: Some(self.limit), after: self.after };
        let id = self.id.find(session).await?;
        let thread = find(session, id, &page).await?;
        if session.out.json(&thread.json)? {
            return Ok(());
        }
        for (number, message) in thread.items.iter().enumerate() {
            if number > 0 {
                session.out.line("---")?;
            }
            show::message(session, message)?;
        }
        match (&thread.next, thread.items.last()) {
            (Some(after), _) => session.out.hint(&format!("More: coord thread {} --after {after}", thread.thread_id)),
            (None, Some(last)) => {
                session.out.hint(&format!("Answer: coord reply {} --from AGENT --body TEXT", last.id))
            }
            (None, None) => Ok(()),
        }
    }
}

/// Fetches the thread with this id, or the thread of the message with this id.
async fn find(session: &Session, id: Uuid, page: &PageQuery) -> Result<Answer<protocol::Thread>, Failure> {
    match session.client.thread(id, page).await {
        Err(client::Error::Problem(problem)) if problem.status == 404 => {
            let Ok(message) = session.client.message(id).await else { return Err(Failure::Refused(problem)) };
            Ok(session.client.thread(message.thread_id, page).await?)
        }
        answer => Ok(answer?),
    }
}
