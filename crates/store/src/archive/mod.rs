//! The log on its way into the archive and out of the store: which segments are closed, where the log begins, what went.

mod removable;
pub(crate) mod statements;

use domain::{Digest, MessageId, TenantId, Time};

pub use removable::Removable;

use crate::search::database::READER;
use crate::value::{Row, Value};
use crate::{Result, Store};

/// The cursor that says how far a tenant's log is in the archive.
pub const ARCHIVE_CURSOR: &str = "archive";

/// A closed segment of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first position.
    pub first: i64,
    /// Its last position.
    pub last: i64,
    /// The hash of its last event.
    pub hash: Digest,
    /// The name of its object.
    pub object: String,
    /// The object's SHA-256; none until it is written.
    pub sha256: Option<Digest>,
}

/// Where a log begins that is here whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trimmed {
    /// The position before its first event; 0 where nothing was trimmed.
    pub seq: i64,
    /// The hash of the event that stood there.
    pub hash: Digest,
    /// How many messages have gone.
    pub removed: i64,
    /// Whether every event that a row was made from is still here.
    pub tells_all: bool,
}

impl Default for Trimmed {
    fn default() -> Self {
        Self { seq: 0, hash: Digest::ZERO, removed: 0, tells_all: true }
    }
}

/// An event's place, time and size, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sized {
    /// Its position.
    pub seq: i64,
    /// When it happened.
    pub at: Time,
    /// The bytes of its data.
    pub bytes: i64,
}

/// A message that has gone to the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Its position.
    pub seq: i64,
    /// Its thread.
    pub thread: MessageId,
}

/// How far a tenant's log is archived and trimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Whose log.
    pub tenant: TenantId,
    /// The tenant's name.
    pub name: String,
    /// Where the log ends.
    pub head: i64,
    /// How far it is in the archive.
    pub archived: i64,
    /// How far it is trimmed.
    pub trimmed: i64,
}

const SEGMENT: &str = "SELECT s.first, s.last, s.hash, s.object, s.sha256 FROM segments s";

fn segment(mut row: Row) -> Result<Segment> {
    Ok(Segment {
        first: row.int(0)?,
        last: row.int(1)?,
        hash: row.digest(2)?,
        object: row.text(3)?,
        sha256: row.opt_bytes(4)?.map(Digest),
    })
}

impl Store {
    /// The closed segment that a position is in, or the last one before it.
    pub async fn segment_at(&self, tenant: TenantId, seq: i64) -> Result<Option<Segment>> {
        let sql = format!("{SEGMENT} WHERE s.tenant = $1 AND s.first <= $2 ORDER BY s.first DESC LIMIT 1");
        let rows = self.query(sql, vec![tenant.0.into(), seq.into()]).await?;
        rows.into_iter().next().map(segment).transpose()
    }

    /// The closed segments that begin after a position, in order.
    pub async fn segments(&self, tenant: TenantId, after: i64, limit: usize) -> Result<Vec<Segment>> {
        let sql = format!("{SEGMENT} WHERE s.tenant = $1 AND s.first > $2 ORDER BY s.first LIMIT $3");
        let rows = self.query(sql, vec![tenant.0.into(), after.into(), Value::Int(limit as i64)]).await?;
        rows.into_iter().map(segment).collect()
    }

    /// Where a tenant's log begins.
    pub async fn trimmed(&self, tenant: TenantId) -> Result<Trimmed> {
        let sql = "SELECT seq, hash, removed, untold FROM trims WHERE tenant = $1";
        let rows = self.query(sql, vec![tenant.0.into()]).await?;
        let read = |mut row: Row| {
            let tells_all = row.int(3)? == 0;
            Ok(Trimmed { seq: row.int(0)?, hash: row.digest(1)?, removed: row.int(2)?, tells_all })
        };
        rows.into_iter().next().map_or(Ok(Trimmed::default()), read)
    }

    /// The next events after a position, without their data.
    pub async fn sizes(&self, tenant: TenantId, after: i64, limit: usize) -> Result<Vec<Sized>> {
        let sql = "SELECT e.seq, e.at, CAST(octet_length(e.data) AS BIGINT) FROM events e WHERE e.tenant = $1 AND e.seq > $2 \
                   ORDER BY e.seq LIMIT $3";
        let rows = self.query(sql, vec![tenant.0.into(), after.into(), Value::Int(limit as i64)]).await?;
        let read = |mut row: Row| Ok(Sized { seq: row.int(0)?, at: row.time(1)?, bytes: row.int(2)? });
        rows.into_iter().map(read).collect()
    }

    /// The hashes of the next events after a position, up to another one; what has gone is left out.
    pub async fn hashes(&self, tenant: TenantId, after: i64, to: i64, limit: usize) -> Result<Vec<(i64, Digest)>> {
        let sql = "SELECT e.seq, e.hash FROM events e WHERE e.tenant = $1 AND e.seq > $2 AND e.seq <= $3 \
                   ORDER BY e.seq LIMIT $4";
        let parameters = vec![tenant.0.into(), after.into(), to.into(), Value::Int(limit as i64)];
        let rows = self.query(sql, parameters).await?;
        rows.into_iter().map(|mut row| Ok((row.int(0)?, row.digest(1)?))).collect()
    }

    /// How far the logs are archived and trimmed, of all tenants that have anything in the archive.
    pub async fn archive_progress(&self) -> Result<Vec<Progress>> {
        let sql = "SELECT t.id, t.name, t.seq, c.seq, COALESCE(x.seq, 0) FROM tenants t CROSS JOIN cursors c \
                   LEFT JOIN trims x ON x.tenant = t.id WHERE c.tenant = t.id AND c.name = $1 ORDER BY t.id";
        let read = |mut row: Row| {
            Ok(Progress {
                tenant: TenantId(row.int(0)?),
                name: row.text(1)?,
                head: row.int(2)?,
                archived: row.int(3)?,
                trimmed: row.int(4)?,
            })
        };
        self.query(sql, vec![ARCHIVE_CURSOR.into()]).await?.into_iter().map(read).collect()
    }

    /// How far every reader of a tenant's log has come at least; none where nobody reads it.
    pub async fn slowest_reader(&self, tenant: TenantId) -> Result<Option<i64>> {
        // An index of another form belongs to a program that is being replaced.
        let sql = "SELECT MIN(seq) FROM cursors WHERE tenant = $1 AND (name = $2 OR name NOT LIKE 'search%')";
        let rows = self.query(sql, vec![tenant.0.into(), READER.into()]).await?;
        rows.into_iter().next().map_or(Ok(None), |mut row| row.opt_int(0))
    }

    /// A message that has gone to the archive.
    pub async fn removed(&self, tenant: TenantId, id: MessageId) -> Result<Option<Removed>> {
        let sql = "SELECT seq, thread FROM removed WHERE tenant = $1 AND id = $2";
        let rows = self.query(sql, vec![tenant.0.into(), id.into()]).await?;
        rows.into_iter().next().map(|mut row| Ok(Removed { seq: row.int(0)?, thread: row.message(1)? })).transpose()
    }
}
