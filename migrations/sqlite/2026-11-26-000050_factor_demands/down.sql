ALTER TABLE roles DROP COLUMN factor_from;
ALTER TABLE organizations DROP COLUMN factor_from;
