-- Which form the words of a text have; a text of an older form is indexed again.
ALTER TABLE texts ADD COLUMN format BIGINT NOT NULL DEFAULT 1;
