-- One index for what two did. Those that did not end stand first or last among those of their
-- account, and no refresh changes what stands here. Each purged row, and each sign-in, touches
-- one page at a random place less.
CREATE INDEX sessions_of_account ON sessions (account_id, revoked_at);
DROP INDEX sessions_living;
DROP INDEX sessions_by_account;
