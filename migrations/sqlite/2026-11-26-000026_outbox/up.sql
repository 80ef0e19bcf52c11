-- Mails that are to be sent: written in the transaction of their cause, deleted once the mail
-- server has taken them.
CREATE TABLE outbox (
    id            TEXT   NOT NULL PRIMARY KEY,
    account_id    TEXT   REFERENCES accounts (id) ON DELETE CASCADE,
    purpose       TEXT   NOT NULL,
    -- Address, link and all: sealed with a key that is not in the database, bound to the row.
    letter_sealed BLOB   NOT NULL,
    -- The same for every try, so that one that came twice can be told.
    message_id    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    -- After this it is not tried any more.
    expires_at    BIGINT NOT NULL,
    attempts      BIGINT NOT NULL,
    next_at       BIGINT NOT NULL,
    -- Until then one process has it in hand.
    leased_until  BIGINT NOT NULL
);
CREATE INDEX outbox_by_next ON outbox (next_at);
CREATE INDEX outbox_by_account ON outbox (account_id);
