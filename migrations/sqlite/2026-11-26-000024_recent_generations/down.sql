ALTER TABLE sessions DROP COLUMN recent;
