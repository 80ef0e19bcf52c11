-- What makes an account a person's: every address and telephone of it, its profile, and the
-- codes that are mailed to prove one of them.

-- Every address of every account, the primary one included: one address is one account's.
-- accounts.email is the primary one once more, for tokens and for whoever lists accounts.
CREATE TABLE emails (
    canonical  TEXT    NOT NULL PRIMARY KEY,
    account_id TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    written    TEXT    NOT NULL,
    verified   BOOLEAN NOT NULL,
    is_primary BOOLEAN NOT NULL,
    -- Registered by several before anybody proved it: nobody knows whose the password is.
    contested  BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT  NOT NULL
);
CREATE INDEX emails_by_account ON emails (account_id);
CREATE UNIQUE INDEX emails_one_primary ON emails (account_id) WHERE is_primary;
INSERT INTO emails (canonical, account_id, written, verified, is_primary, created_at)
    SELECT email_canonical, id, email, verified, TRUE, created_at
    FROM accounts WHERE email_canonical IS NOT NULL;

-- Telephones are kept as their owner wrote them; nobody signs in by one.
CREATE TABLE phones (
    account_id TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    value      TEXT    NOT NULL,
    verified   BOOLEAN NOT NULL,
    is_primary BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (account_id, value)
);

-- What is known of the person beside names and addresses. An account without a row has none.
CREATE TABLE profiles (
    account_id        TEXT   NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    middle_name       TEXT,
    gender            TEXT,
    company           TEXT,
    date_of_birth     TEXT,
    -- JSON: a text, or an object.
    address           TEXT,
    language          TEXT,
    parent_id         BIGINT,
    -- JSON: a list of names, and an object that is the application's own.
    groups            TEXT   NOT NULL DEFAULT '[]',
    attributes        TEXT   NOT NULL DEFAULT '{}',
    terms_version     TEXT,
    terms_accepted_at BIGINT
);

-- One row for each code that was mailed and is still good. Only an HMAC of it under a key
-- that is not in the database. Used: deleted.
CREATE TABLE one_time_codes (
    mac        TEXT   NOT NULL PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose    TEXT   NOT NULL,
    -- The address that it was mailed to, or that it is about, in its canonical form.
    address    TEXT   NOT NULL,
    -- What its use will change, sealed; bound to the code.
    sealed     BLOB,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_codes_by_account ON one_time_codes (account_id);
CREATE INDEX one_time_codes_by_expiry ON one_time_codes (expires_at);
