//! One-time codes: what each is good for, and for how long.

use std::str::FromStr;

/// A code is good for one of these, and for nothing else (L7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// Proves the address that an account registered with.
    VerifyEmail,
    ResetPassword,
    /// Lets an invited person choose a password.
    Invite,
    /// Lets the owner of an account join an organization.
    Join,
    /// Proves the address that an account changes to.
    ChangeEmail,
    /// Proves a further address.
    AddEmail,
    /// Undoes what was done to an account's addresses; mailed to one that it had before.
    KeepEmail,
}

impl CodePurpose {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::Invite => "invite",
            Self::Join => "join",
            Self::ChangeEmail => "change_email",
            Self::AddEmail => "add_email",
            Self::KeepEmail => "keep_email",
        }
    }
}

impl FromStr for CodePurpose {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // Invitations have a table of their own.
        [
            Self::VerifyEmail,
            Self::ResetPassword,
            Self::ChangeEmail,
            Self::AddEmail,
            Self::KeepEmail,
        ]
        .into_iter()
        .find(|purpose| purpose.as_str() == text)
        .ok_or(())
    }
}
