//! Codes that are mailed: made, linked to, and used once.

use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::domain::id::AccountId;
use crate::domain::mail_letter::Language;
use crate::domain::one_time_code::CodePurpose;
use crate::domain::redirect::{allowed, with_query};
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::AnyConnection;
use crate::store::one_time_codes::{self, StoredCode};
use crate::support::secret::{ExposeSecret as _, SecretString};

/// The name of the code in the query of an application's page.
const CODE: &str = "token";

/// The same in a link of seed P.
const OF_ACTION: &str = "oobCode";

/// Where a mailed link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// To Keyward's own page, with the code in the fragment, which no server is sent (L18).
    OwnPage,
    /// To a page of an application on the operator's list, with the code in its query.
    Application(Url),
}

impl Link {
    /// The caller's wish, if the operator's list has it; `field` is its name.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where it has not: nothing was looked up, and no mail is sent (L9).
    pub fn wished(kw: &Keyward, field: &str, text: Option<&str>) -> Result<Self> {
        let Some(text) = text else {
            return Ok(Self::OwnPage);
        };
        let url = allowed(text, &kw.policy.registration.redirects);
        match url {
            // The page would read whichever code comes first.
            Some(url) if url.query_pairs().any(|(name, _)| name == CODE) => Err(Error::payload(
                format!("\"{field}\" must not hold a {CODE}"),
            )),
            Some(url) => Ok(Self::Application(url)),
            None => Err(Error::payload(format!(
                "\"{field}\" is not among the addresses of KEYWARD_REDIRECT_ALLOW_LIST, or is \
                 not written as a browser reads it"
            ))),
        }
    }

    /// Built from the settings alone: whatever host the request named, no mail names it (L5).
    pub(in crate::service) fn to(
        &self,
        kw: &Keyward,
        (purpose, language): (CodePurpose, Language),
        code: &SecretString,
    ) -> String {
        let code = code.expose_secret();
        match self {
            Self::OwnPage => {
                let mut url = kw.policy.registration.public_url.clone();
                url.set_path("/account");
                // Else the page speaks the browser's.
                if language != Language::default() {
                    url.set_query(Some(&format!("lang={}", language.as_str())));
                }
                url.set_fragment(Some(&format!("{}={code}", purpose.as_str())));
                url.into()
            }
            Self::Application(url) => with_query(url.clone(), CODE, code),
        }
    }

    /// To Keyward's own page, with everything in the query as seed P writes it (row P-26), and
    /// with where the caller wants to go on to.
    pub(in crate::service) fn action(
        &self,
        kw: &Keyward,
        language: Option<&str>,
        code: &SecretString,
    ) -> String {
        let mut url = kw.policy.registration.public_url.clone();
        url.set_path("/account");
        let next = match self {
            Self::OwnPage => url.as_str().to_owned(),
            Self::Application(next) => next.as_str().to_owned(),
        };
        url.query_pairs_mut()
            .append_pair("mode", "resetPassword")
            .append_pair(OF_ACTION, code.expose_secret())
            .append_pair("apiKey", "keyward")
            .append_pair("continueUrl", &next)
            .append_pair("lang", language.unwrap_or(Language::default().as_str()))
            .append_pair("tenantId", &kw.policy.audience);
        url.into()
    }
}

/// What a code is about.
pub(in crate::service) struct About<'a> {
    pub(in crate::service) account: AccountId,
    pub(in crate::service) purpose: CodePurpose,
    /// The canonical form of the address that it is mailed to, or that it is about.
    pub(in crate::service) address: &'a str,
}

/// Makes a code, which is stored. Older ones of its purpose go on until [`end_older`].
pub(in crate::service) fn issue(
    change: &mut Change<'_>,
    about: &About<'_>,
    what: Option<&impl Serialize>,
) -> Result<(SecretString, StoredCode)> {
    let (kw, now) = (change.kw, change.now);
    let made = kw.keys.one_time_codes.make(&kw.entropy);
    let sealed = what.map(|what| {
        let text = serde_json::to_vec(what).map_err(|error| Error::defect(error.to_string()))?;
        Ok::<_, Error>(kw.keys.one_time_codes.seal(&made.mac, &text))
    });
    let row = StoredCode {
        mac: made.mac,
        account: about.account,
        purpose: about.purpose,
        address: about.address.to_owned(),
        sealed: sealed.transpose()?,
        created_at: now,
        expires_at: now + kw.policy.registration.code_ttl(about.purpose),
    };
    one_time_codes::add(change, &row)?;
    Ok((made.text, row))
}

/// A newer code ends the older ones of its purpose and address, but for those by which an owner
/// takes a change of address back: a second change must not disarm the owner of the first.
pub(in crate::service) fn end_older(change: &mut Change<'_>, newest: &StoredCode) -> Result<()> {
    if newest.purpose != CodePurpose::KeepEmail {
        one_time_codes::remove_others(change, newest)?;
    }
    Ok(())
}

/// How many hours a code is good, for the mail. Less than one is told as one.
pub(in crate::service) fn hours(kw: &Keyward, purpose: CodePurpose) -> String {
    let seconds = kw.policy.registration.code_ttl(purpose).as_secs();
    seconds.div_ceil(3600).to_string()
}

/// The code, if it is good for this now. It is not used up.
///
/// # Errors
/// `INVALID_CODE`.
pub(in crate::service) fn look(
    kw: &Keyward,
    db: &mut AnyConnection,
    code: &SecretString,
    purpose: CodePurpose,
) -> Result<StoredCode> {
    let mac = kw.keys.one_time_codes.mac(code.expose_secret());
    let mac = mac.ok_or_else(Error::one_time_code)?;
    one_time_codes::lookup(db, &mac)?
        .filter(|stored| stored.purpose == purpose && kw.clock.now() < stored.expires_at)
        .ok_or_else(Error::one_time_code)
}

/// Uses the code up. Of several at once one succeeds (L2).
///
/// # Errors
/// `INVALID_CODE`.
pub(in crate::service) fn take(
    change: &mut Change<'_>,
    code: &SecretString,
    purpose: CodePurpose,
) -> Result<StoredCode> {
    let kw = change.kw;
    let stored = look(kw, change, code, purpose)?;
    if one_time_codes::consume(change, &stored.mac)? {
        Ok(stored)
    } else {
        Err(Error::one_time_code())
    }
}

/// What the use of the code is to change.
///
/// # Errors
/// A defect, where it can not be opened.
pub(in crate::service) fn opened<T: DeserializeOwned>(
    kw: &Keyward,
    stored: &StoredCode,
) -> Result<Option<T>> {
    let Some(sealed) = &stored.sealed else {
        return Ok(None);
    };
    let opened = kw.keys.one_time_codes.open(&stored.mac, sealed);
    let value = opened.and_then(|text| serde_json::from_slice(&text).ok());
    value.map(Some).ok_or_else(|| {
        Error::defect("a one-time code can not be opened: KEYWARD_SECRET is another one")
    })
}
