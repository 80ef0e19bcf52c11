-- Who did it, where an account did it to another one.
ALTER TABLE audit_events ADD COLUMN actor_id TEXT;
-- Housekeeping empties what an account that left had left in the events of others.
CREATE INDEX audit_events_by_actor ON audit_events (actor_id) WHERE actor_id IS NOT NULL;
