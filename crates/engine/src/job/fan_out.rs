//! Writing the recipients of a large audience, part by part.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use broker::Task;
use domain::{AgentName, audience};
use store::Store;

use crate::directory::Directories;
use crate::writer::Writer;
use crate::{Error, Result};

/// Recipients that are written in one change.
const PART: usize = 500;

/// Writes recipients.
pub(super) struct FanOut {
    store: Store,
    directories: Arc<Directories>,
    writer: Arc<Writer>,
}

impl FanOut {
    pub(super) fn new(store: Store, directories: Arc<Directories>, writer: Arc<Writer>) -> Self {
        Self { store, directories, writer }
    }

    /// Writes the recipients of a message part by part, by name, going on where it was left.
    pub(super) async fn write(&self, task: Task) -> Result<()> {
        let mut known: Option<(i64, BTreeSet<AgentName>)> = None;
        while let Some(written) = self.store.fan_out_of(task.tenant, task.seq).await? {
            // Whoever was registered before the message was sent is in its audience, whatever this process knows of it.
            let directory = self.directories.newest(task.tenant).await?;
            let still_right = known.take().filter(|(version, _)| *version == directory.version);
            let audience = if let Some((_, audience)) = still_right {
                audience
            } else {
                let Some(stored) = self.store.message_at(task.tenant, task.seq).await? else { return Ok(()) };
                audience::of(&stored.message, &directory)
            };
            let mut rest = audience.range::<str, _>((Bound::Excluded(written.as_str()), Bound::Unbounded)).cloned();
            let agents: Vec<_> = rest.by_ref().take(PART).collect();
            let done = rest.next().is_none();
            drop(rest);
            known = Some((directory.version, audience));
            let part = store::FanOut { seq: task.seq, after: written, agents, done };
            match self.writer.change(task.tenant, part).await {
                // Another worker was faster; what it has written is not written again.
                Ok(()) | Err(Error::Store(store::Error::Conflict)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
