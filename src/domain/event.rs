//! Audit events: what happened, to whom, from where. A closed list of words, so
//! that a log can be searched and an alarm can be set on them (docs/LOGGING.md).

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::domain::id::{AccountId, OrganizationId, SessionId};
use crate::domain::rights::api_key::ApiKey;
use crate::domain::session::Client;
use crate::support::clock::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
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
    /// Another one was confirmed in its place.
    FactorReplaced,
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
    /// An administrator forgave the failures.
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
    /// Of the members of an organization, or of whoever holds a role; `note` says from when on.
    FactorDemanded,
    FactorDemandLifted,
    OrganizationCreated,
    OrganizationRenamed,
    OrganizationDeleted,
    /// By whoever was signed in already: a new session.
    OrganizationEntered,
    /// By whoever may: the account is of whoever did it, and the event tells of no account of the address (E12).
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
    /// Which organization it is about.
    pub organization: Option<OrganizationId>,
    /// Which role, by its name.
    pub role: Option<String>,
}

/// The event of a demand for a second factor, which names its instant.
pub fn demand(from: Option<Timestamp>, event: impl Fn(What) -> Event) -> Event {
    match from {
        Some(from) => event(What::FactorDemanded).noting(from.iso()),
        None => event(What::FactorDemandLifted),
    }
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
            organization: None,
            role: None,
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
    pub const fn in_organization(mut self, id: OrganizationId) -> Self {
        self.organization = Some(id);
        self
    }

    #[must_use]
    pub fn with_role(mut self, name: &str) -> Self {
        self.role = Some(name.to_owned());
        self
    }

    /// About a key, whose id stands in the place of a session's, whoever did it.
    #[must_use]
    pub fn about_key(mut self, key: &ApiKey) -> Self {
        self.account = Some(key.account);
        self.organization = key.organization;
        self.within(key.id.as_session())
    }

    /// That a key of somebody was revoked by this, which is about them or about another.
    #[must_use]
    pub fn revoking(&self, key: &ApiKey) -> Self {
        let mut event = Self::new(What::ApiKeyRevoked, self.client.clone());
        event.actor = self.actor.or(self.account).filter(|by| *by != key.account);
        event.about_key(key)
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
