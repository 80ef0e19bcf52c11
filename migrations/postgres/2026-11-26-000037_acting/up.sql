-- Whose session it really is, where an administrator acts for the account, and by which session
-- of theirs: it ends with that.
ALTER TABLE sessions ADD COLUMN actor_id TEXT;
ALTER TABLE sessions ADD COLUMN actor_session TEXT;
CREATE INDEX sessions_by_actor ON sessions (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX sessions_by_actor_session ON sessions (actor_session) WHERE actor_session IS NOT NULL;
