ALTER TABLE limits DROP COLUMN forgiven;
