-- Second factors, recovery codes, and the counters that limit guessing.

-- The secret is sealed with a key that is not in the database, bound to account and id.
CREATE TABLE factors (
    id            TEXT   NOT NULL PRIMARY KEY,
    account_id    TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    secret_sealed BYTEA  NOT NULL,
    confirmed_at  BIGINT,
    -- The last time step whose code was accepted: a code is good once.
    last_step     BIGINT NOT NULL,
    created_at    BIGINT NOT NULL
);
-- One factor that counts, and beside it one that waits for its confirmation.
CREATE UNIQUE INDEX factors_one_active ON factors (account_id) WHERE confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX factors_one_pending ON factors (account_id) WHERE confirmed_at IS NULL;

-- Only an HMAC of each code under a key that is not in the database. Used: deleted.
CREATE TABLE recovery_codes (
    account_id TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    mac        TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, mac)
);

-- One row for each key that guessing is counted by: an account, an address, a device.
-- The key is an HMAC: neither says whose it is.
CREATE TABLE limits (
    key        TEXT   NOT NULL PRIMARY KEY,
    failures   BIGINT NOT NULL,
    -- No attempt is looked at before this instant.
    next_at    BIGINT NOT NULL,
    -- When the counter began; an address starts anew after a while.
    since      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX limits_by_expiry ON limits (expires_at);
