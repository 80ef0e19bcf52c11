-- An account takes the invitations that it gave along: they would let nobody in, and nobody could tell
-- whose they were. Those of accounts that are gone by now go here.
DELETE FROM invitations
WHERE invited_by IS NULL OR invited_by NOT IN (SELECT id FROM accounts);
CREATE INDEX invitations_by_inviter ON invitations (invited_by);
