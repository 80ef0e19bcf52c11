//! What came of an attempt to sign in (row Y-17), as it is recorded.

use strum::IntoStaticStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AttemptOutcome {
    Ok,
    UnknownAccount,
    WrongPassword,
    /// The password record can not be read.
    DamagedRecord,
    /// The account may not sign in.
    Disabled,
    /// The account is no member of the organization that was asked for.
    NoMember,
    /// The address is not proven, where it must be.
    NotVerified,
    MissingOtp,
    /// No code by its form: no guess, so none is counted.
    NotACode,
    WrongOtp,
    UsedOtp,
}

impl AttemptOutcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
