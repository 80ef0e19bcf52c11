-- An older binary would take them for their owner's.
DELETE FROM sessions WHERE actor_id IS NOT NULL;
DROP INDEX sessions_by_actor_session;
DROP INDEX sessions_by_actor;
ALTER TABLE sessions DROP COLUMN actor_session;
ALTER TABLE sessions DROP COLUMN actor_id;
