//! Audit events: what happened, to whom, from where. A closed list of words, so
//! that a log can be searched and an alarm can be set on them (docs/LOGGING.md).

use strum::{IntoStaticStr, VariantArray};

use crate::domain::id::{AccountId, SessionId};
use crate::domain::session::Client;

#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum What {
    AccountAdded,
    /// By its owner.
    AccountRegistered,
    AccountInvited,
    /// By whoever got the invitation.
    InvitationAccepted,
    /// To the service or to an organization, by whoever may: its code is good for nothing then.
    InvitationWithdrawn,
    ProfileChanged,
    EmailVerified,
    EmailChangeRequested,
    EmailChanged,
    /// A further one was proven.
    EmailAdded,
    EmailMadePrimary,
    EmailRemoved,
    /// By whoever reads the mail of an address of before: they are as they were then.
    EmailChangeCancelled,
    PasswordResetRequested,
    /// By whoever reads the account's mail.
    PasswordReset,
    AccountDeleted,
    AccountDisabled,
    AccountEnabled,
    PasswordSet,
    /// By its owner, who knew the old one.
    PasswordChanged,
    FactorEnabled,
    FactorDisabled,
    /// By an administrator.
    FactorReset,
    RecoveryCodesRenewed,
    /// A recovery code was used in the place of a second factor.
    RecoveryCodeUsed,
    /// As many wrong codes as are free, by somebody who knows the password.
    CodesGuessed,
    /// So many wrong attempts in a row at the secrets of one account that they are no typing
    /// errors.
    AccountGuessed,
    /// A hundred of them: one attempt a day is looked at.
    AccountSuspended,
    /// An operator forgave the failures.
    AccountUnlocked,
    /// Of all accounts together, so many within a minute that passwords are sprayed.
    SignInsFailing,
    LoginSucceeded,
    /// Within a session its holder showed again, or better, who they are.
    SteppedUp,
    /// By a guest, whose session it ended.
    GuestSignedIn,
    LoggedOut,
    /// In an administrator's own words, by their system. Recorded before the mail server is asked.
    MailPublished,
    /// A mail could not be delivered within its time, or its recipient was refused.
    MailGivenUp,
    /// The predecessor inside the grace: tabs, retries.
    RefreshReplayed,
    /// The predecessor after the grace, while its successor was never seen.
    RefreshRecovered,
    /// One that was replaced more than once, a moment ago: a late tab, or a thief's victim.
    RefreshLate,
    /// A spent token came back: the session was ended.
    RefreshReuse,
    /// A token ahead of the database: a backup was restored.
    DatabaseOlderThanTokens,
    /// `GET /auth/token` gave a new token for an old one.
    TokenExchanged,
    /// A live token of seed O's kind was renewed.
    TokenReissued,
    SessionsRevoked,
    /// An administrator has a token for the account; `note` says why.
    ActedAs,
    /// Of every account, with every signing key.
    AllSessionsRevoked,
    KeyRotated,
    /// A key was known to others: every token that it signed is dead.
    KeyCompromised,
    ApiKeyMade,
    /// Another one of the same name beside it.
    ApiKeyRotated,
    ApiKeyRevoked,
    RoleGranted,
    RoleTaken,
    RoleMade,
    RoleChanged,
    RoleRemoved,
    OrganizationCreated,
    OrganizationRenamed,
    OrganizationDeleted,
    /// By whoever was signed in already: a new session.
    OrganizationEntered,
    /// By whoever may: the account is the one that has proven the address, or else of whoever did it.
    MemberInvited,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    MemberSuspended,
    MemberResumed,
    MemberRoleChanged,
}

impl What {
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Events at which somebody should look.
    #[must_use]
    pub const fn is_alarm(self) -> bool {
        matches!(
            self,
            Self::CodesGuessed
                | Self::AccountGuessed
                | Self::AccountSuspended
                | Self::SignInsFailing
                | Self::MailGivenUp
                | Self::RefreshReuse
                | Self::DatabaseOlderThanTokens
        )
    }

    /// What the holder of a token may do again and again, as often as he likes: counted in
    /// one row for each session, hour and address, or he would fill the disk.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        matches!(
            self,
            Self::RefreshReplayed
                | Self::RefreshRecovered
                | Self::RefreshLate
                | Self::DatabaseOlderThanTokens
                | Self::TokenExchanged
                | Self::TokenReissued
        )
    }
}

#[derive(Clone, Debug)]
pub struct Event {
    pub what: What,
    pub account: Option<AccountId>,
    pub session: Option<SessionId>,
    /// Who did it, where not the account itself.
    pub actor: Option<AccountId>,
    pub client: Client,
    /// Why, in the words of whoever did it.
    pub note: Option<String>,
}

/// How much of a user agent is kept, in characters: enough to tell one from another.
const LONGEST_USER_AGENT: usize = 128;

impl Event {
    #[must_use]
    pub fn new(what: What, mut client: Client) -> Self {
        if let Some(agent) = &mut client.user_agent
            && let Some((end, _)) = agent.char_indices().nth(LONGEST_USER_AGENT)
        {
            agent.truncate(end);
        }
        Self {
            what,
            account: None,
            session: None,
            actor: None,
            client,
            note: None,
        }
    }

    #[must_use]
    pub const fn of(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    #[must_use]
    pub const fn by(mut self, actor: AccountId) -> Self {
        self.actor = Some(actor);
        self
    }

    #[must_use]
    pub fn noting(mut self, note: String) -> Self {
        self.note = Some(note);
        self
    }

    #[must_use]
    pub const fn within(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }
}
