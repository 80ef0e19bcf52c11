//! The templates that are built in.

macro_rules! embedded {
    ($($name:literal)+) => {
        &[$(($name, include_str!(concat!("../../assets/mail/", $name)))),+]
    };
}

/// Each by its name.
pub(in crate::mail) const EMBEDDED: &[(&str, &str)] = embedded! {
    "_frame.html"
    "account_exists.en.html"
    "account_exists.en.txt"
    "address_changed.en.html"
    "address_changed.en.txt"
    "factor_changed.en.html"
    "factor_changed.en.txt"
    "invite.en.html"
    "invite.en.txt"
    "locked.en.html"
    "locked.en.txt"
    "new_sign_in.en.html"
    "new_sign_in.en.txt"
    "password_changed.en.html"
    "password_changed.en.txt"
    "recovery_code_used.en.html"
    "recovery_code_used.en.txt"
    "reset.en.html"
    "reset.en.txt"
    "test.en.html"
    "test.en.txt"
    "verify.en.html"
    "verify.en.txt"
};
