-- API keys. Of a key nothing is stored but the SHA-256 of its text. A key that was revoked has no
-- row.
CREATE TABLE api_keys (
    id              TEXT   NOT NULL PRIMARY KEY,
    hash            TEXT   NOT NULL UNIQUE,
    account_id      TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- The one organization that it is good in; every one of its account's where it is null.
    organization_id TEXT   REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT   NOT NULL,
    name_canonical  TEXT   NOT NULL,
    -- Its last letters, by which people tell keys apart.
    hint            TEXT   NOT NULL,
    -- Words with spaces between them.
    permissions     TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    created_by      TEXT,
    expires_at      BIGINT,
    last_used_at    BIGINT
);
CREATE INDEX api_keys_by_account ON api_keys (account_id);
CREATE INDEX api_keys_by_organization ON api_keys (organization_id)
    WHERE organization_id IS NOT NULL;
CREATE INDEX api_keys_by_end ON api_keys (expires_at) WHERE expires_at IS NOT NULL;
