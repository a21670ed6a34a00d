-- The secret that pushes to an agent are signed with; the one before signs along until previous_until.
CREATE TABLE webhook_secrets (
    tenant BIGINT NOT NULL,
    agent TEXT NOT NULL,
    secret BLOB NOT NULL,
    previous BLOB,
    previous_until BIGINT,
    PRIMARY KEY (tenant, agent)
) /*without rowid*/;

-- The latest push to an agent, by its delivery's position and lease: until that delivery is settled or the time has passed,
-- no other is claimed for a push. Position 0: pushes to the agent are paused until then.
CREATE TABLE push_lanes (
    tenant BIGINT NOT NULL,
    agent TEXT NOT NULL,
    seq BIGINT NOT NULL,
    lease BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (tenant, agent)
) /*without rowid*/;
