use clap::Args;
use protocol::Verification;

use crate::{Failure, Session, clean::clean, table::Table};

/// Have the event log checked: its chain, and every state that follows from it
///
/// The server computes every hash again and rebuilds every delivery's state from the log alone. Exit code 1 when
/// anything does not agree.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coord verify\n  coord verify --archive\n  coord verify --json && echo the log is whole"
)]
pub struct Verify {
    /// Read the server's archive too, and check archive and log as one chain from the first event
    #[arg(long)]
    archive: bool,
}

impl Verify {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let client = &session.client;
        let found = if self.archive { client.verify_archive().await? } else { client.verify_events().await? };
        if !session.out.json(&found.json)? {
            print(session, &found)?;
        }
        if found.ok { Ok(()) } else { Err(Failure::Told) }
    }
}

/// Prints what checking a log found.
pub(crate) fn print(session: &mut Session, found: &Verification) -> Result<(), Failure> {
    let Verification { checked, deliveries_checked, head, problems, trimmed, archive, .. } = found;
    if let Some(archive) = archive {
        let protocol::ArchiveVerification { segments, checked, last } = archive;
        session.out.line(&format!("Archive: {checked} events in {segments} objects, up to event {last}."))?;
    }
    if *trimmed > 0 {
        session.out.line(&format!("The log begins after event {trimmed}; what was before it is in the archive."))?;
    }
    if found.ok {
        session.out.line(&format!("The log is whole. Checked: {checked} events, {deliveries_checked} deliveries."))?;
        return session.out.line(&format!("Head: {} {}", head.seq, clean(&head.hash)));
    }
    session
        .out
        .line(&format!("The log is damaged: {} of {checked} events or their states do not agree.", problems.len()))?;
    let mut table = Table::new(&["SEQ", "WHAT", "DETAIL"]);
    for problem in problems {
        let seq = problem.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string());
        table.row([&seq, &problem.what, &problem.detail]);
    }
    session.out.table(&table)
}
