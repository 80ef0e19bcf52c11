//! The administrator of an empty database.

use crate::config::Config;
use crate::domain::password::Password;
use crate::domain::password_policy;
use crate::service::accounts::administer::{self, NewAccount};
use crate::service::{Code, Keyward, Result};
use crate::support::entropy::Entropy;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// The administrator that the first start made.
pub struct FirstAdministrator {
    pub email: String,
    /// Where Keyward made one up: to be printed once.
    pub password: Option<SecretString>,
}

/// On an empty database: the administrator of the settings. `None` where there are
/// accounts already. A password that is made up is shown before the account is made; none
/// is made where `show` says that nobody saw it.
pub fn first_administrator(
    kw: &Keyward,
    config: &Config,
    show: impl FnOnce(&str, &SecretString) -> bool,
) -> Result<Option<FirstAdministrator>> {
    let wanted = &config.first_administrator;
    if !administer::is_empty(kw)? {
        return Ok(None);
    }
    let given = wanted.password.as_ref();
    let made_up = given.is_none().then(|| random_password(&kw.entropy));
    let shown = made_up
        .as_ref()
        .is_none_or(|password| show(wanted.email.written(), password));
    if !shown {
        return Ok(None);
    }
    let parsed = |text: &SecretString| Password::parse(text.expose_secret()).ok();
    let new = NewAccount {
        further: Vec::new(),
        email: Some(wanted.email.clone()),
        username: None,
        password: given.or(made_up.as_ref()).and_then(parsed),
        admin: true,
        verified: true,
    };
    match administer::add_account(kw, new) {
        Ok(_) => {
            let about = [wanted.email.written()];
            let given = given.and_then(parsed);
            if given.is_some_and(|password| password_policy::is_weak(&password, &about)) {
                log::warn!(
                    "the administrator's password is short, or among the first that a \
                     guesser would try"
                );
            }
            Ok(Some(FirstAdministrator {
                email: wanted.email.written().to_owned(),
                password: made_up,
            }))
        }
        // Another replica was first.
        Err(error) if error.code == Code::Conflict => {
            if made_up.is_some() {
                log::warn!("another process made the administrator: its password counts");
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// 80 random bits in groups that can be read aloud.
fn random_password(entropy: &Entropy) -> SecretString {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut text = String::new();
    for (i, byte) in entropy.bytes::<16>().iter().enumerate() {
        if i > 0 && i % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    text.into()
}
