-- An account that signs in all day leaves very many sessions that ended, for thirty days.
-- Each sign-in, list and change of credentials asks for the few that did not. No refresh
-- changes what this index holds. The one over all sessions stays: accounts are deleted by it.
CREATE INDEX sessions_living ON sessions (account_id) WHERE revoked_at IS NULL;
