//! Why a payload is refused, where a face has words or a code of its own for it, or another name of the
//! field. A reason is here because a face asks for it; the words of all others are their act's.

use crate::domain::password_policy::Weakness;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What came could not be read. No act says it: whoever reads a body does.
    Unreadable,
    /// A second factor is switched on, and no code of it came.
    OtpNeeded,
    /// The password that was chosen may not be chosen.
    Weak(Weakness),
    /// It is the one that there is.
    SameAsPresent,
    /// The account's attributes would be too large, with those that it has.
    AttributesTooLarge,
}

impl Reason {
    /// The words for a chosen password, which the face calls so; `None` of anything else.
    #[must_use]
    pub(super) fn of_chosen(&self, field: &str) -> Option<String> {
        match self {
            Self::Weak(weakness) => Some(weakness.reason(field)),
            Self::SameAsPresent => {
                Some(format!("\"{field}\" must be another one than the present"))
            }
            Self::Unreadable | Self::OtpNeeded | Self::AttributesTooLarge => None,
        }
    }
}
