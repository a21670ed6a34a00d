-- What one of all processes does at a time, who does it, and how often somebody has said so: whoever finds that a beat stays
-- the same for a while may put its own name there. An empty holder has gone.
CREATE TABLE duties (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    beat BIGINT NOT NULL
);
