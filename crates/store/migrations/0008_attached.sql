-- Which message names which attachment, and what it calls it: who may read such a message may read the attachment. Filled from the
-- log for what was sent before.
CREATE TABLE attached (
    tenant BIGINT NOT NULL,
    sha256 BLOB NOT NULL,
    seq BIGINT NOT NULL,
    name TEXT,
    PRIMARY KEY (tenant, sha256, seq)
) /*without rowid*/;
CREATE INDEX attached_by_message ON attached (tenant, seq);

-- Who stored an attachment, and under which type and name: an agent, or '' for whoever reads the whole tenant. What was stored before
-- is known of nobody.
CREATE TABLE attachment_storers (
    tenant BIGINT NOT NULL,
    sha256 BLOB NOT NULL,
    agent TEXT NOT NULL,
    media_type TEXT NOT NULL,
    name TEXT,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, sha256, agent)
) /*without rowid*/;
