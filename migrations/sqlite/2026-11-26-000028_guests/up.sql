-- Housekeeping looks for guests who were not there for long; nobody else asks for them. The
-- time moves once for each span that a guest is kept, not with each refresh.
CREATE INDEX accounts_guests ON accounts (last_login_at) WHERE anonymous;
-- With an account goes what refers to it. The two indexes that there are leave rows out, so
-- no deletion can use them.
CREATE INDEX factors_by_account ON factors (account_id);
