use clap::Args;
use protocol::{Verification, VerifyQuery};

use crate::{Failure, Session, clean::clean, table::Table};

/// Have the event log checked: its chain, and everything that follows from it
///
/// The server computes every hash again, makes every delivery, agent, grant, key and attachment again from the log alone, and
/// compares. In the tenant `default` it also has the database check its own structure. Exit code 1 when anything does not agree.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coord verify\n  coord verify --archive\n  coord verify --attachments\n  coord verify --json && echo the log is whole"
)]
pub struct Verify {
    /// Read the server's archive too, and check archive and log as one chain from the first event
    #[arg(long)]
    archive: bool,
    /// Read the bytes of every attachment too, and compare them with their SHA-256
    #[arg(long)]
    attachments: bool,
}

impl Verify {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let query = VerifyQuery { archive: self.archive, attachments: self.attachments };
        let found = session.client.verify(&query).await?;
        if !session.out.json(&found.json)? {
            print(session, &found)?;
        }
        if found.ok { Ok(()) } else { Err(Failure::Told) }
    }
}

/// Prints what checking a log found.
pub(crate) fn print(session: &mut Session, found: &Verification) -> Result<(), Failure> {
    let Verification { checked, deliveries_checked, rows_checked, head, problems, trimmed, archive, .. } = found;
    if let Some(archive) = archive {
        let protocol::ArchiveVerification { segments, checked, last } = archive;
        session.out.line(&format!("Archive: {checked} events in {segments} objects, up to event {last}."))?;
    }
    if *trimmed > 0 {
        session.out.line(&format!("The log begins after event {trimmed}; what was before it is in the archive."))?;
    }
    if let Some(read) = found.attachments_checked {
        session.out.line(&format!("Attachments: the bytes of {read} were read."))?;
    }
    for left_out in &found.left_out {
        session.out.line(&format!("Not checked: {}.", clean(left_out)))?;
    }
    if found.ok {
        session.out.line(&format!(
            "The log is whole. Checked: {checked} events, {deliveries_checked} deliveries, {rows_checked} other rows."
        ))?;
        return session.out.line(&format!("Head: {} {}", head.seq, clean(&head.hash)));
    }
    session
        .out
        .line(&format!("Something is damaged: {} problems, in {checked} events and what follows.", problems.len()))?;
    let mut table = Table::new(&["SEQ", "WHAT", "DETAIL"]);
    for problem in problems {
        let seq = problem.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string());
        table.row([&seq, &problem.what, &problem.detail]);
    }
    session.out.table(&table)
}
