DROP TABLE audit_chain;
DROP TABLE audit_seals;
ALTER TABLE audit_events DROP COLUMN note;
