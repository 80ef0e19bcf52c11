//! Notices: what an account's owner is told of, whoever did it (M23, B1). They go to an
//! address that was proven, and none goes where there is none.

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::mail_letter::{Language, Letter, LetterPurpose, Values};
use crate::domain::session::Client;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::store::{accounts, profiles};

/// Records the event, and tells the owner of it where it is something to be told of.
pub(in crate::service) fn record(change: &mut Change<'_>, event: &Event) -> Result<()> {
    record_with(change, event, Values::default())
}

/// The same with more that the template fills in.
pub(in crate::service) fn record_with(
    change: &mut Change<'_>,
    event: &Event,
    values: Values,
) -> Result<()> {
    change.record(event)?;
    let purpose = match event.what {
        What::PasswordChanged | What::PasswordSet | What::PasswordReset => {
            LetterPurpose::PasswordChanged
        }
        What::FactorEnabled
        | What::FactorReplaced
        | What::FactorDisabled
        | What::FactorReset
        | What::RecoveryCodesRenewed => LetterPurpose::FactorChanged,
        What::RecoveryCodeUsed => LetterPurpose::RecoveryCodeUsed,
        What::ApiKeyMade | What::ApiKeyRotated => LetterPurpose::ApiKeyMade,
        What::AccountSuspended => LetterPurpose::Locked,
        _ => return Ok(()),
    };
    match event.account {
        Some(account) => tell(change, (purpose, values), account, &event.client),
        None => Ok(()),
    }
}

/// Tells the owner of a sign-in, where nobody would expect it to be theirs.
pub(in crate::service) fn of_new_sign_in(
    change: &mut Change<'_>,
    account: AccountId,
    client: &Client,
) -> Result<()> {
    let letter = (LetterPurpose::NewSignIn, Values::default());
    tell(change, letter, account, client)
}

/// Tells the owner of the account. The browser is named where somebody signed in used it.
fn tell(
    change: &mut Change<'_>,
    (purpose, mut values): (LetterPurpose, Values),
    account: AccountId,
    client: &Client,
) -> Result<()> {
    let Some(to) = accounts::lookup(change, account)?.filter(|account| account.verified) else {
        return Ok(());
    };
    let Some(address) = to.email else {
        return Ok(());
    };
    let language = profiles::lookup(change, account)?.language;
    let language = language.as_deref().and_then(Language::parse);
    // An operator has no address, and says in the place of a browser who they are.
    if let Some(agent) = client
        .user_agent
        .as_ref()
        .filter(|_| client.address.is_some())
    {
        values.insert("user_agent".to_owned(), agent.clone());
    }
    let letter = Letter {
        purpose,
        account: Some(account),
        to: address,
        language: language.unwrap_or_default(),
        site: None,
        asked_by: None,
        counts_as: None,
        values,
    };
    // A quota that is used up keeps nobody from changing his password.
    change.mail(&letter).map(|_| ())
}
