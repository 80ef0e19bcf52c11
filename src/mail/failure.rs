//! Why mail does not leave.

/// Why a message was not sent, in words; a server's words may name the recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// This message will never be taken.
    Refused(String),
    /// It was not taken this time.
    Later(String),
    /// Nothing can be sent now, this message or another.
    Away(String),
}

impl Failure {
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Refused(why) | Self::Later(why) | Self::Away(why) => why,
        }
    }

    /// The same without this address.
    #[must_use]
    pub fn without(self, address: &str) -> Self {
        let mend = |why: String| why.replace(address, "the recipient");
        match self {
            Self::Refused(why) => Self::Refused(mend(why)),
            Self::Later(why) => Self::Later(mend(why)),
            Self::Away(why) => Self::Away(mend(why)),
        }
    }
}
