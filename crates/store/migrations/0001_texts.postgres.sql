-- The full-text index: follows the log by the cursor `search` and can be made again from it.
CREATE TABLE texts (
    tenant BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    words TSVECTOR NOT NULL,
    PRIMARY KEY (tenant, seq)
);
CREATE INDEX texts_by_words ON texts USING GIN (words);
