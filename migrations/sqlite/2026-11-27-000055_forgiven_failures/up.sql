-- How many failures an unlock forgave that no success has ended: whoever is told of a row of failures
-- is told of those still (docs/decisions/0174).
ALTER TABLE limits ADD COLUMN forgiven BIGINT NOT NULL DEFAULT 0;
