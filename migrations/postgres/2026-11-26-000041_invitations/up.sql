-- Invitations: of an address, to an organization or to the service. No account is made by one.

CREATE TABLE invitations (
    -- The organization's id, or 'service'.
    place           TEXT   NOT NULL,
    -- In its canonical form. One invitation for each place and address.
    address         TEXT   NOT NULL,
    -- The same as `place`, where that is an organization: its invitations go with it.
    organization_id TEXT   REFERENCES organizations (id) ON DELETE CASCADE,
    -- The address as whoever invited wrote it.
    written         TEXT   NOT NULL,
    -- What whoever accepts will hold; null where nothing was said.
    role            TEXT   REFERENCES roles (name),
    invited_by      TEXT,
    -- An HMAC of the newest code that was mailed; null where no mail left.
    mac             TEXT   UNIQUE,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    PRIMARY KEY (place, address)
);
CREATE INDEX invitations_by_address ON invitations (address);
CREATE INDEX invitations_by_organization ON invitations (organization_id);
CREATE INDEX invitations_by_role ON invitations (role);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

-- Invitations that wait end here. Each was bound to an account, and an account could have several
-- addresses: nobody can tell which of them the role was meant for.
DELETE FROM one_time_codes WHERE purpose IN ('invite', 'join');
DELETE FROM memberships WHERE state = 'invited';
-- Accounts that an invitation made, and that nobody accepted, keep nobody from their address.
DELETE FROM accounts
WHERE NOT verified
  AND NOT anonymous
  AND last_login_at IS NULL
  AND id IN (SELECT account_id FROM audit_events WHERE what = 'account_invited')
  AND id NOT IN (SELECT account_id FROM credentials)
  AND id NOT IN (SELECT account_id FROM memberships);
