-- Stretches of the log that are closed, and where each was written to: object is the name, sha256 and bytes are NULL until it
-- is written and was read back.
CREATE TABLE segments (
    tenant BIGINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    hash BLOB NOT NULL,
    object TEXT NOT NULL,
    sha256 BLOB,
    bytes BIGINT,
    PRIMARY KEY (tenant, first)
) /*without rowid*/;

-- Where the log begins that is here whole: everything after seq, and of what is before only kept events. removed counts the
-- messages that have gone, so that who reads while others go can tell.
CREATE TABLE trims (
    tenant BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL,
    removed BIGINT NOT NULL,
    PRIMARY KEY (tenant)
) /*without rowid*/;

-- The hash before an event whose predecessor has gone.
CREATE TABLE kept (
    tenant BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    previous BLOB NOT NULL,
    PRIMARY KEY (tenant, seq)
) /*without rowid*/;

-- Messages that have gone: what an answer to one still needs, and where in the archive it is.
CREATE TABLE removed (
    tenant BIGINT NOT NULL,
    id BLOB NOT NULL,
    seq BIGINT NOT NULL,
    thread BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
) /*without rowid*/;
