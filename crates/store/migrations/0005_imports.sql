-- Tenants that are being brought in: what tenants says of the others. Their rows have numbers that no tenant has, so that nobody
-- comes across them before they are whole.
CREATE TABLE imports (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL
);
