CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_living ON sessions (account_id) WHERE revoked_at IS NULL;
DROP INDEX sessions_of_account;
