-- What a client may do without end is one row for each hour, with how often it happened
-- and when last; "at" is when first. Everything else is a row of its own.
ALTER TABLE audit_events ADD COLUMN times BIGINT NOT NULL DEFAULT 1;
ALTER TABLE audit_events ADD COLUMN last_at BIGINT;
