//! Mails that are to be sent. A row is written in the transaction of its cause, leased by the
//! process that sends it, and deleted once the mail server has taken the mail.

use std::time::Duration;

use diesel::prelude::*;
use uuid::Uuid;

use crate::domain::id::AccountId;
use crate::domain::mail_retries::{LONGEST_HOLD, LONGEST_PAUSE};
use crate::store::engine::columns::{optional, time, word};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, at_most_one, exactly_one};
use crate::store::engine::schema::outbox;
use crate::support::clock::Timestamp;

/// A mail that waits.
#[derive(Clone)]
pub struct WaitingMail {
    pub id: Uuid,
    pub account: Option<AccountId>,
    /// A word that a newer Keyward may have written, and this one may not know.
    pub purpose: String,
    pub sealed: Vec<u8>,
    /// The same for every try, so that one that came twice can be told.
    pub message_id: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// Until when whoever took it has it in hand.
    pub leased_until: Timestamp,
}

/// When a mail is tried again.
#[derive(Clone, Copy)]
pub struct Next {
    pub at: Timestamp,
    /// How often it was tried before that.
    pub tries: i64,
    /// When it is given up.
    pub no_later_than: Timestamp,
}

type Row = (
    String,
    Option<String>,
    String,
    Vec<u8>,
    String,
    i64,
    i64,
    i64,
    i64,
    i64,
);

impl TryFrom<Row> for WaitingMail {
    type Error = crate::store::Error;

    fn try_from(row: Row) -> Result<Self> {
        let (id, account, purpose, sealed, message_id, created, expires, attempts, _, leased) = row;
        Ok(Self {
            id: word("outbox.id", &id)?,
            account: optional("outbox.account_id", account.as_deref())?,
            purpose,
            sealed,
            message_id,
            created_at: time(created),
            expires_at: time(expires),
            attempts,
            leased_until: time(leased),
        })
    }
}

/// Whether somebody has one in hand.
pub fn is_any_leased(connection: &mut AnyConnection, now: Timestamp) -> Result<bool> {
    let leased = outbox::table.filter(outbox::leased_until.gt(now.millis()));
    let count: i64 = leased.count().get_result(connection)?;
    Ok(count > 0)
}

/// Those to an account that wait, oldest first.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<WaitingMail>> {
    outbox::table
        .filter(outbox::account_id.eq(account.to_string()))
        .order((outbox::created_at, outbox::id))
        .load::<Row>(connection)?
        .into_iter()
        .map(WaitingMail::try_from)
        .collect()
}

/// Due at once.
pub fn add(connection: &mut AnyConnection, mail: &WaitingMail) -> Result<()> {
    let rows = diesel::insert_into(outbox::table)
        .values((
            outbox::id.eq(mail.id.to_string()),
            outbox::account_id.eq(mail.account.map(|id| id.to_string())),
            outbox::purpose.eq(&mail.purpose),
            outbox::letter_sealed.eq(&mail.sealed),
            outbox::message_id.eq(&mail.message_id),
            outbox::created_at.eq(mail.created_at.millis()),
            outbox::expires_at.eq(mail.expires_at.millis()),
            outbox::attempts.eq(mail.attempts),
            outbox::next_at.eq(mail.created_at.millis()),
            outbox::leased_until.eq(0),
        ))
        .execute(connection)?;
    exactly_one("adding a mail", rows)
}

/// A clock that was ahead may have written an instant so far ahead as no rule has it: then it
/// says nothing.
const DOUBT: Duration = Duration::from_secs(60);

/// What is due and in nobody's hand.
#[diesel::dsl::auto_type]
fn due(now: Timestamp) -> _ {
    let millis: i64 = now.millis();
    let latest: i64 = (now + LONGEST_PAUSE + DOUBT).millis();
    let longest_lease: i64 = (now + LONGEST_HOLD + DOUBT).millis();
    outbox::table
        .filter(outbox::next_at.le(millis).or(outbox::next_at.gt(latest)))
        .filter(
            outbox::leased_until
                .le(millis)
                .or(outbox::leased_until.gt(longest_lease)),
        )
}

/// At most `most` that are due, oldest first.
pub fn list_due(
    connection: &mut AnyConnection,
    now: Timestamp,
    most: i64,
) -> Result<Vec<WaitingMail>> {
    due(now)
        .order((outbox::next_at, outbox::id))
        .limit(most)
        .load::<Row>(connection)?
        .into_iter()
        .map(WaitingMail::try_from)
        .collect()
}

/// Takes those of `mails` that are due still, each until its `leased_until`: no other process has
/// them until then.
pub fn lease(
    connection: &mut AnyConnection,
    now: Timestamp,
    mails: &[WaitingMail],
) -> Result<Vec<WaitingMail>> {
    let mut taken = Vec::new();
    for mail in mails {
        // Another process may have taken it since: then the guard does not hold.
        let ours = diesel::update(due(now).filter(outbox::id.eq(mail.id.to_string())))
            .set(outbox::leased_until.eq(mail.leased_until.millis()))
            .execute(connection)?;
        if at_most_one("leasing a mail", ours)? {
            taken.push(mail.clone());
        }
    }
    Ok(taken)
}

/// Those of a caller's hand, as far as they are there.
#[diesel::dsl::auto_type]
fn in_hand(mail: &WaitingMail) -> _ {
    let id: String = mail.id.to_string();
    let leased: i64 = mail.leased_until.millis();
    outbox::table
        .filter(outbox::id.eq(id))
        .filter(outbox::leased_until.eq(leased))
}

/// Holds one that is in hand until another instant. False where it is gone, or another process
/// has it in hand by now.
pub fn hold(connection: &mut AnyConnection, mail: &WaitingMail, until: Timestamp) -> Result<bool> {
    let rows = diesel::update(in_hand(mail))
        .set(outbox::leased_until.eq(until.millis()))
        .execute(connection)?;
    at_most_one("holding a mail", rows)
}

/// Lets go of one that is in hand, by its lease or by another one that it may have. False where it
/// is gone, or another process has it in hand by now.
pub fn let_go(
    connection: &mut AnyConnection,
    mail: &WaitingMail,
    or: Option<Timestamp>,
) -> Result<bool> {
    let leased = mail.leased_until.millis();
    let or = or.map_or(leased, Timestamp::millis);
    let in_hand = outbox::table
        .filter(outbox::id.eq(mail.id.to_string()))
        .filter(
            outbox::leased_until
                .eq(leased)
                .or(outbox::leased_until.eq(or)),
        );
    let rows = diesel::update(in_hand)
        .set(outbox::leased_until.eq(0))
        .execute(connection)?;
    at_most_one("letting go of a mail", rows)
}

/// Notes a try that failed. False where another process has it in hand by now.
pub fn try_again(connection: &mut AnyConnection, mail: &WaitingMail, next: Next) -> Result<bool> {
    let rows = diesel::update(in_hand(mail))
        .set((
            outbox::attempts.eq(next.tries),
            outbox::next_at.eq(next.at.millis()),
            outbox::expires_at.eq(next.no_later_than.millis()),
            outbox::leased_until.eq(0),
        ))
        .execute(connection)?;
    at_most_one("noting a try of a mail", rows)
}

/// It was sent, or given up. False where it is gone: with its account, or by another process.
pub fn remove(connection: &mut AnyConnection, id: Uuid) -> Result<bool> {
    let rows = diesel::delete(outbox::table.find(id.to_string())).execute(connection)?;
    at_most_one("removing a mail", rows)
}
