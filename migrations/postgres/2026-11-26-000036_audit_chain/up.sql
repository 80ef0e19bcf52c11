-- Why it was done, where whoever did it must say so.
ALTER TABLE audit_events ADD COLUMN note TEXT;
-- One row for each event of the audit log, in the order in which they were sealed. An event that
-- commits late is sealed late, so no number of a sequence has to be waited for.
CREATE TABLE audit_seals (
    seq       BIGINT NOT NULL PRIMARY KEY,
    event_id  TEXT   NOT NULL UNIQUE,
    at        BIGINT NOT NULL,
    sealed_at BIGINT NOT NULL,
    -- Of the digest of address and browser. It goes when those are forgotten.
    salt      BYTEA,
    client    BYTEA NOT NULL,
    content   BYTEA NOT NULL,
    hash      BYTEA NOT NULL
);
-- One row: where the chain ends and begins. Whoever seals or purges holds it.
CREATE TABLE audit_chain (
    id            INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq           BIGINT  NOT NULL,
    hash          BYTEA NOT NULL,
    sealed_to     BIGINT  NOT NULL,
    counted_to    BIGINT  NOT NULL,
    base_seq      BIGINT  NOT NULL,
    base_hash     BYTEA NOT NULL,
    purged_before BIGINT  NOT NULL,
    mac           BYTEA NOT NULL
);
