-- What a message asks to be decided, and what became of it, as JSON in data; what a query needs stands in a column. place orders
-- those of one state: open ones by their deadline, the others by when they ended, the latest first.
CREATE TABLE decisions (
    tenant BIGINT NOT NULL,
    message BLOB NOT NULL,
    asker TEXT NOT NULL,
    domain TEXT,
    state BIGINT NOT NULL,
    place BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant, message)
);
CREATE INDEX decisions_by_state ON decisions (tenant, state, place, message);
CREATE INDEX decisions_by_asker ON decisions (tenant, asker, state, place, message);
CREATE INDEX decisions_by_domain ON decisions (tenant, domain, state, place, message) WHERE domain IS NOT NULL;

-- Who was asked, with state and place of the decision.
CREATE TABLE decision_asked (
    tenant BIGINT NOT NULL,
    message BLOB NOT NULL,
    agent TEXT NOT NULL,
    state BIGINT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (tenant, message, agent)
) /*without rowid*/;
CREATE INDEX decision_asked_by_agent ON decision_asked (tenant, agent, state, place, message);

-- What was asked up to here was asked before decisions had rows of their own; a job gives it its rows.
INSERT INTO cursors (tenant, name, seq) SELECT id, 'decisions until', seq FROM tenants;
