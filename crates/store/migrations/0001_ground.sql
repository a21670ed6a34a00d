-- The facts of coordination. Types are few on purpose, so that SQLite and PostgreSQL share this text:
-- BIGINT, TEXT, BLOB (BYTEA on PostgreSQL). Times are microseconds since 1970; JSON is TEXT and never queried here.
-- tenant leads every key and index.

-- One row per tenant: its head. Whoever changes anything in a tenant holds this row.
CREATE TABLE tenants (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL,
    version BIGINT NOT NULL
);

-- The log. A message is the data of its message.sent event, whose message and agent are NULL here and stand in messages.
CREATE TABLE events (
    tenant BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    at BIGINT NOT NULL,
    message BLOB,
    agent TEXT,
    data TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (tenant, seq)
);
CREATE INDEX events_by_kind ON events (tenant, kind, seq) WHERE kind > 0;
CREATE INDEX events_by_message ON events (tenant, message, seq) WHERE message IS NOT NULL;
CREATE INDEX events_by_agent ON events (tenant, agent, seq) WHERE agent IS NOT NULL;

-- Where to find a message: thread is NULL for the first of a thread; fan_out is NULL where all recipients were written with
-- it, else the last one written: '' before the first, '~' when all are.
CREATE TABLE messages (
    tenant BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    id BLOB NOT NULL,
    sender TEXT NOT NULL,
    thread BLOB,
    kind BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    domain TEXT,
    fan_out TEXT,
    PRIMARY KEY (tenant, seq)
) /*without rowid*/;
CREATE UNIQUE INDEX messages_by_id ON messages (tenant, id);
CREATE INDEX messages_by_sender ON messages (tenant, sender, seq);
CREATE INDEX messages_by_thread ON messages (tenant, thread, seq) WHERE thread IS NOT NULL;
CREATE INDEX messages_by_domain ON messages (tenant, domain, seq) WHERE domain IS NOT NULL;
CREATE INDEX messages_by_kind ON messages (tenant, kind, seq) WHERE kind <> 0;
CREATE INDEX messages_by_priority ON messages (tenant, priority, seq) WHERE priority <> 2;
CREATE INDEX messages_fanning_out ON messages (tenant, fan_out, seq) WHERE fan_out < '~';

CREATE TABLE deliveries (
    tenant BIGINT NOT NULL,
    agent TEXT NOT NULL,
    seq BIGINT NOT NULL,
    message BLOB NOT NULL,
    priority BIGINT NOT NULL,
    state BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    lease BIGINT NOT NULL,
    lease_expires_at BIGINT,
    deferred_until BIGINT,
    trigger_name TEXT,
    expires_at BIGINT,
    ack_by BIGINT,
    reminded BIGINT NOT NULL,
    delivered_at BIGINT,
    settled_at BIGINT,
    note TEXT,
    due BIGINT,
    PRIMARY KEY (tenant, agent, seq)
) /*without rowid*/;
-- An inbox, state by state, in the order in which it is received.
CREATE INDEX deliveries_by_state ON deliveries (tenant, agent, state, priority, seq);
CREATE INDEX deliveries_failed ON deliveries (tenant, state, seq, agent) WHERE state > 3;
CREATE INDEX deliveries_due ON deliveries (tenant, due) WHERE due IS NOT NULL;
CREATE INDEX deliveries_waiting ON deliveries (tenant, trigger_name, agent, seq) WHERE trigger_name IS NOT NULL;

-- How many deliveries each agent has in each state, kept with every change, so that nobody has to count.
CREATE TABLE counts (
    tenant BIGINT NOT NULL,
    agent TEXT NOT NULL,
    state BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (tenant, agent, state)
) /*without rowid*/;

CREATE TABLE idempotency (
    tenant BIGINT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    message BLOB NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (tenant, key)
) /*without rowid*/;
CREATE INDEX idempotency_by_until ON idempotency (tenant, until);

-- agent, grant and key rows hold their facts as JSON; what a query needs beside the name stands in a column.
CREATE TABLE agents (
    tenant BIGINT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE grants (
    tenant BIGINT NOT NULL,
    domain TEXT NOT NULL,
    agent TEXT NOT NULL,
    until BIGINT NOT NULL,
    granted_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (tenant, domain, agent)
);

CREATE TABLE keys (
    tenant BIGINT NOT NULL,
    id TEXT NOT NULL,
    hash BLOB NOT NULL,
    role BIGINT NOT NULL,
    agents TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE attachments (
    tenant BIGINT NOT NULL,
    sha256 BLOB NOT NULL,
    size BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    name TEXT,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, sha256)
);

-- How far a reader of the log has come.
CREATE TABLE cursors (
    tenant BIGINT NOT NULL,
    name TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);
