//! The statements that write, each table's columns once.

use std::sync::OnceLock;

/// How many rows SQLite writes with one statement: whole parts of a group, then what is left one by one. A statement opens
/// every tree of its table before it writes, which for one row costs as much as writing it.
pub(crate) const PARTS: [usize; 2] = [16, 4];

/// A statement that writes rows, and how many of them are written at once.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Writes one row; its parameters are `?1` and so on, as SQLite numbers them.
    pub(crate) sql: &'static str,
    /// Writes many in PostgreSQL, each parameter an array; where it is not given, made of `VALUES` if there are columns.
    bulk: Option<&'static str>,
    /// The parameters' types, a letter each: `i` BIGINT, `t` TEXT, `b` BYTEA; empty: written one by one.
    pub(crate) columns: &'static str,
    /// Writes as many as [`PARTS`] says in SQLite; made once, as they are long.
    repeated: [OnceLock<Option<String>>; PARTS.len()],
}

impl Statement {
    /// One that writes many rows often.
    pub(crate) const fn rows(sql: &'static str, columns: &'static str) -> Self {
        Self { sql, bulk: None, columns, repeated: [const { OnceLock::new() }; PARTS.len()] }
    }

    /// One that writes many rows by a text of its own.
    pub(crate) const fn many(sql: &'static str, bulk: &'static str, columns: &'static str) -> Self {
        Self { sql, bulk: Some(bulk), columns, repeated: [const { OnceLock::new() }; PARTS.len()] }
    }

    /// One that writes few rows, or seldom.
    pub(crate) const fn one(sql: &'static str) -> Self {
        Self { sql, bulk: None, columns: "", repeated: [const { OnceLock::new() }; PARTS.len()] }
    }

    /// The text that writes as many rows as this one of [`PARTS`] says, as SQLite does it; none: they are written one by one.
    ///
    /// A row that is not to its liking ends the transaction and not only the statement, for which it would otherwise keep a
    /// copy of every page that the statement changes.
    pub(crate) fn repeated(&self, part: usize) -> Option<&str> {
        self.repeated[part].get_or_init(|| self.repeat(PARTS[part])).as_deref()
    }

    fn repeat(&self, rows: usize) -> Option<String> {
        let (insert, values) = self.sql.split_once(" VALUES (")?;
        if self.columns.is_empty() || !values.ends_with(')') {
            return None;
        }
        let insert = insert.replacen("INSERT", "INSERT OR ROLLBACK", 1);
        let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
        Some(format!("{insert} VALUES {}", vec![row.as_str(); rows].join(", ")))
    }

    /// The text that writes one row, its parameters as PostgreSQL numbers them.
    pub(crate) fn numbered(&self) -> String {
        self.sql.replace('?', "$")
    }

    /// The text that writes many rows at once as PostgreSQL does it; none: they are written one by one. A column that is the
    /// `same` in all rows is one parameter, any other an array.
    pub(crate) fn bulk(&self, same: &[bool]) -> Option<String> {
        if self.columns.is_empty() {
            return None;
        }
        if let Some(bulk) = self.bulk {
            return Some(bulk.to_owned());
        }
        let (before, values) = self.sql.split_once("VALUES (")?;
        let (_, after) = values.split_once(')')?;
        let (mut selected, mut arrays, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (letter, same)) in self.columns.chars().zip(same).enumerate() {
            let (place, kind) = (index + 1, postgres_type(letter));
            if *same {
                selected.push(format!("${place}::{kind}"));
            } else {
                selected.push(format!("c{place}"));
                arrays.push(format!("${place}::{kind}[]"));
                names.push(format!("c{place}"));
            }
        }
        let (selected, arrays, names) = (selected.join(", "), arrays.join(", "), names.join(", "));
        Some(format!("{before}SELECT {selected} FROM UNNEST({arrays}) AS u ({names}){after}"))
    }

    /// Whether columns that are the same in all rows may be sent once.
    pub(crate) fn folds(&self) -> bool {
        self.bulk.is_none()
    }
}

fn postgres_type(letter: char) -> &'static str {
    match letter {
        'i' => "bigint",
        't' => "text",
        _ => "bytea",
    }
}

pub(crate) static INSERT_EVENT: Statement = Statement::rows(
    "INSERT INTO events (tenant, seq, kind, at, message, agent, data, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    "iiiibttb",
);
pub(crate) static INSERT_MESSAGE: Statement = Statement::rows(
    "INSERT INTO messages (tenant, seq, id, sender, thread, kind, priority, domain, fan_out) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    "iibtbiitt",
);
pub(crate) static INSERT_DELIVERY: Statement = Statement::rows(
    "INSERT INTO deliveries (tenant, agent, seq, message, priority, state, attempt, lease, lease_expires_at, \
     deferred_until, trigger_name, expires_at, ack_by, reminded, delivered_at, settled_at, note, due) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    "itibiiiiiitiiiiiti",
);
pub(crate) static UPDATE_DELIVERY: Statement = Statement::many(
    "UPDATE deliveries SET state = ?4, attempt = ?5, lease = ?6, lease_expires_at = ?7, deferred_until = ?8, \
          trigger_name = ?9, expires_at = ?10, ack_by = ?11, reminded = ?12, delivered_at = ?13, settled_at = ?14, \
          note = ?15, due = ?16 WHERE tenant = ?1 AND agent = ?2 AND seq = ?3",
    "UPDATE deliveries d SET state = u.state, attempt = u.attempt, lease = u.lease, \
         lease_expires_at = u.lease_expires_at, deferred_until = u.deferred_until, trigger_name = u.trigger_name, \
         expires_at = u.expires_at, ack_by = u.ack_by, reminded = u.reminded, delivered_at = u.delivered_at, \
         settled_at = u.settled_at, note = u.note, due = u.due FROM UNNEST($1::bigint[], $2::text[], $3::bigint[], \
         $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::bigint[], \
         $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[], $16::bigint[]) AS u (tenant, agent, \
         seq, state, attempt, lease, lease_expires_at, deferred_until, trigger_name, expires_at, ack_by, reminded, \
         delivered_at, settled_at, note, due) WHERE d.tenant = u.tenant AND d.agent = u.agent AND d.seq = u.seq",
    "itiiiiiitiiiiiti",
);
pub(crate) static ADD_COUNT: Statement = Statement::rows(
    "INSERT INTO counts (tenant, agent, state, n) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (tenant, agent, state) DO UPDATE SET n = counts.n + excluded.n",
    "itii",
);
pub(crate) static PUT_IDEMPOTENCY: Statement = Statement::rows(
    "INSERT INTO idempotency (tenant, key, fingerprint, message, until) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (tenant, key) DO UPDATE SET fingerprint = excluded.fingerprint, message = excluded.message, \
     until = excluded.until",
    "itbbi",
);
pub(crate) static PUT_AGENT: Statement = Statement::one(
    "INSERT INTO agents (tenant, name, data) VALUES (?1, ?2, ?3) \
     ON CONFLICT (tenant, name) DO UPDATE SET data = excluded.data",
);
pub(crate) static PUT_GRANT: Statement = Statement::one(
    "INSERT INTO grants (tenant, domain, agent, until, granted_at, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
     ON CONFLICT (tenant, domain, agent) DO UPDATE SET until = excluded.until, granted_at = excluded.granted_at, \
     reason = excluded.reason",
);
pub(crate) static PUT_KEY: Statement = Statement::one(
    "INSERT INTO keys (tenant, id, hash, role, agents, name, created_at, revoked_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (tenant, id) DO UPDATE SET revoked_at = excluded.revoked_at",
);
pub(crate) static PUT_ATTACHMENT: Statement = Statement::one(
    "INSERT INTO attachments (tenant, sha256, size, media_type, name, stored_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
     ON CONFLICT (tenant, sha256) DO NOTHING",
);
pub(crate) static PUT_STORER: Statement = Statement::one(
    "INSERT INTO attachment_storers (tenant, sha256, agent, media_type, name, stored_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
     ON CONFLICT (tenant, sha256, agent) DO NOTHING",
);
pub(crate) static PUT_ATTACHED: Statement = Statement::rows(
    "INSERT INTO attached (tenant, sha256, seq, name) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant, sha256, seq) DO NOTHING",
    "ibit",
);
pub(crate) static PUT_WEBHOOK_SECRET: Statement = Statement::one(
    "INSERT INTO webhook_secrets (tenant, agent, secret, previous_until) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (tenant, agent) DO UPDATE SET previous = webhook_secrets.secret, \
     previous_until = excluded.previous_until, secret = excluded.secret",
);
pub(crate) static PUT_PUSH_LANE: Statement = Statement::one(
    "INSERT INTO push_lanes (tenant, agent, seq, lease, until) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (tenant, agent) DO UPDATE SET seq = excluded.seq, lease = excluded.lease, until = excluded.until",
);
pub(crate) static PUT_WEBHOOK_SECRET_WHOLE: Statement = Statement::one(
    "INSERT INTO webhook_secrets (tenant, agent, secret, previous, previous_until) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (tenant, agent) DO NOTHING",
);
pub(crate) static UPDATE_LEASE: Statement = Statement::one(
    "UPDATE deliveries SET lease = ?6 WHERE tenant = ?1 AND agent = ?2 AND seq = ?3 AND attempt = ?4 AND state = ?5",
);
/// Takes away the empty tenant whose name and number an import has, so that nobody looks into what is half there.
pub(crate) static TAKE_EMPTY: Statement = Statement::one("DELETE FROM tenants WHERE id = ?1 AND name = ?2 AND seq = 0");
pub(crate) static BEGIN_IMPORT: Statement = Statement::one(
    "INSERT INTO imports (id, name, created_at, seq, hash) SELECT ?1, ?2, ?3, 0, ?4 \
     WHERE NOT EXISTS (SELECT 1 FROM tenants t WHERE t.id = ?1 OR t.name = ?2)",
);
pub(crate) static ADVANCE_IMPORT: Statement = Statement::one("UPDATE imports SET seq = ?2, hash = ?3 WHERE id = ?1");
pub(crate) static COUNT_IMPORT: Statement = Statement::one(
    "INSERT INTO counts (tenant, agent, state, n) SELECT d.tenant, d.agent, d.state, COUNT(*) FROM deliveries d \
     WHERE d.tenant = ?1 GROUP BY d.tenant, d.agent, d.state",
);
pub(crate) static SHOW_IMPORT: Statement = Statement::one(
    "INSERT INTO tenants (id, name, created_at, seq, hash, version) \
     SELECT i.id, i.name, i.created_at, i.seq, i.hash, i.seq FROM imports i WHERE i.id = ?1",
);
pub(crate) static ABANDON_IMPORT: [Statement; 10] = [
    Statement::one("DELETE FROM events WHERE tenant = ?1"),
    Statement::one("DELETE FROM messages WHERE tenant = ?1"),
    Statement::one("DELETE FROM deliveries WHERE tenant = ?1"),
    Statement::one("DELETE FROM agents WHERE tenant = ?1"),
    Statement::one("DELETE FROM grants WHERE tenant = ?1"),
    Statement::one("DELETE FROM attachments WHERE tenant = ?1"),
    Statement::one("DELETE FROM attachment_storers WHERE tenant = ?1"),
    Statement::one("DELETE FROM attached WHERE tenant = ?1"),
    Statement::one("DELETE FROM idempotency WHERE tenant = ?1"),
    Statement::one("DELETE FROM webhook_secrets WHERE tenant = ?1"),
];
/// Puts back the empty first tenant, which is always there.
pub(crate) static PUT_EMPTY_BACK: Statement = Statement::one(
    "INSERT INTO tenants (id, name, created_at, seq, hash, version) \
     SELECT i.id, i.name, i.created_at, 0, ?2, 0 FROM imports i WHERE i.id = ?1 AND i.name = 'default'",
);
pub(crate) static END_IMPORT: Statement = Statement::one("DELETE FROM imports WHERE id = ?1");
pub(crate) static UPDATE_HEAD: Statement =
    Statement::one("UPDATE tenants SET seq = ?2, hash = ?3, version = ?4 WHERE id = ?1");
pub(crate) static UPDATE_FAN_OUT: Statement =
    Statement::one("UPDATE messages SET fan_out = ?3 WHERE tenant = ?1 AND seq = ?2");
pub(crate) static ADVANCE: Statement = Statement::one(
    "INSERT INTO cursors (tenant, name, seq) VALUES (?1, ?2, ?3) \
     ON CONFLICT (tenant, name) DO UPDATE SET seq = excluded.seq WHERE cursors.seq < excluded.seq",
);
pub(crate) static FORGET: Statement = Statement::one(
    "DELETE FROM idempotency WHERE tenant = ?1 AND key IN \
     (SELECT key FROM idempotency WHERE tenant = ?1 AND until <= ?2 LIMIT ?3)",
);
