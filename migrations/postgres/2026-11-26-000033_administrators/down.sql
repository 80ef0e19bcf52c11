DROP INDEX audit_events_by_actor;
ALTER TABLE audit_events DROP COLUMN actor_id;
