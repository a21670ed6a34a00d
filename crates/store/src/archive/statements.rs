//! The statements that move the log out.

use crate::statements::Statement;

pub(crate) static CLOSE_SEGMENT: Statement =
    Statement::one("INSERT INTO segments (tenant, first, last, hash, object) VALUES (?1, ?2, ?3, ?4, ?5)");
pub(crate) static SEGMENT_WRITTEN: Statement =
    Statement::one("UPDATE segments SET sha256 = ?3, bytes = ?4 WHERE tenant = ?1 AND first = ?2 AND sha256 IS NULL");

/// Remembers the hash before every event of the segment that stays, and before the first one after it.
pub(crate) static KEEP_EVENTS: Statement = Statement::one(
    "INSERT INTO kept (tenant, seq, previous) SELECT e.tenant, e.seq, p.hash FROM events e \
     JOIN events p ON p.tenant = e.tenant AND p.seq = e.seq - 1 \
     WHERE e.tenant = ?1 AND e.seq > CAST(?2 AS BIGINT) AND e.seq <= CAST(?3 AS BIGINT) + 1 \
     AND (e.seq > CAST(?3 AS BIGINT) OR e.kind = 0 OR e.message IS NOT NULL \
     OR e.kind IN (15, 17, 18, 19, 20, 21, 22, 23, 24)) ON CONFLICT (tenant, seq) DO NOTHING",
);
pub(crate) static DROP_EVENTS: Statement = Statement::one(
    "DELETE FROM events WHERE tenant = ?1 AND seq > ?2 AND seq <= ?3 AND kind <> 0 AND message IS NULL \
     AND kind NOT IN (15, 17, 18, 19, 20, 21, 22, 23, 24)",
);
pub(crate) static UNKEEP_EVENTS: Statement = Statement::one(
    "DELETE FROM kept WHERE tenant = ?1 AND seq > ?2 AND seq <= ?3 \
     AND NOT EXISTS (SELECT 1 FROM events e WHERE e.tenant = kept.tenant AND e.seq = kept.seq)",
);
pub(crate) static PUT_TRIM: Statement = Statement::one(
    "INSERT INTO trims (tenant, seq, hash, removed) VALUES (?1, ?2, ?3, 0) \
     ON CONFLICT (tenant) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
);
pub(crate) static BUMP_TRIM: Statement = Statement::one("UPDATE trims SET removed = removed + ?2 WHERE tenant = ?1");

pub(crate) static DELETE_KEPT_ABOUT: Statement = Statement::many(
    "DELETE FROM kept WHERE tenant = ?1 AND seq IN \
     (SELECT e.seq FROM events e WHERE e.tenant = ?1 AND e.message = ?2 AND e.message IS NOT NULL)",
    "DELETE FROM kept k USING events e, UNNEST($1::bigint[], $2::bytea[]) AS u (tenant, message) \
     WHERE e.tenant = u.tenant AND e.message = u.message AND e.message IS NOT NULL AND k.tenant = e.tenant \
     AND k.seq = e.seq",
    "ib",
);
pub(crate) static DELETE_KEPT: Statement = Statement::many(
    "DELETE FROM kept WHERE tenant = ?1 AND seq = ?2",
    "DELETE FROM kept k USING UNNEST($1::bigint[], $2::bigint[]) AS u (tenant, seq) \
     WHERE k.tenant = u.tenant AND k.seq = u.seq",
    "ii",
);
pub(crate) static DELETE_EVENTS_ABOUT: Statement = Statement::many(
    "DELETE FROM events WHERE tenant = ?1 AND message = ?2 AND message IS NOT NULL",
    "DELETE FROM events e USING UNNEST($1::bigint[], $2::bytea[]) AS u (tenant, message) \
     WHERE e.tenant = u.tenant AND e.message = u.message AND e.message IS NOT NULL",
    "ib",
);
pub(crate) static DELETE_EVENT: Statement = Statement::many(
    "DELETE FROM events WHERE tenant = ?1 AND seq = ?2",
    "DELETE FROM events e USING UNNEST($1::bigint[], $2::bigint[]) AS u (tenant, seq) \
     WHERE e.tenant = u.tenant AND e.seq = u.seq",
    "ii",
);
pub(crate) static DELETE_MESSAGE: Statement = Statement::many(
    "DELETE FROM messages WHERE tenant = ?1 AND seq = ?2",
    "DELETE FROM messages m USING UNNEST($1::bigint[], $2::bigint[]) AS u (tenant, seq) \
     WHERE m.tenant = u.tenant AND m.seq = u.seq",
    "ii",
);
pub(crate) static DELETE_ATTACHED: Statement = Statement::many(
    "DELETE FROM attached WHERE tenant = ?1 AND seq = ?2",
    "DELETE FROM attached x USING UNNEST($1::bigint[], $2::bigint[]) AS u (tenant, seq) \
     WHERE x.tenant = u.tenant AND x.seq = u.seq",
    "ii",
);
pub(crate) static DELETE_DELIVERY: Statement = Statement::many(
    "DELETE FROM deliveries WHERE tenant = ?1 AND agent = ?2 AND seq = ?3",
    "DELETE FROM deliveries d USING UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS u (tenant, agent, seq) \
     WHERE d.tenant = u.tenant AND d.agent = u.agent AND d.seq = u.seq",
    "iti",
);
pub(crate) static PUT_REMOVED: Statement = Statement::rows(
    "INSERT INTO removed (tenant, id, seq, thread) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant, id) DO NOTHING",
    "ibib",
);

#[cfg(test)]
mod tests {
    use domain::EventKind;

    use super::*;

    #[test]
    fn every_event_that_a_row_is_made_from_stays() {
        let kinds = EventKind::ALL.iter().filter(|kind| kind.makes_row()).map(|kind| kind.code().to_string());
        let listed = format!("IN ({})", kinds.collect::<Vec<_>>().join(", "));
        for statement in [&KEEP_EVENTS, &DROP_EVENTS] {
            assert!(statement.sql.contains(&listed), "{listed}: {}", statement.sql);
        }
    }
}
