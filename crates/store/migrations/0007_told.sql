-- Up to where the events of agents, grants, keys and attachments were trimmed too, before they were kept. 0: all are here.
ALTER TABLE trims ADD COLUMN untold BIGINT NOT NULL DEFAULT 0;
UPDATE trims SET untold = seq;
