DROP INDEX invitations_by_inviter;
