//! Signing keys: the private part sealed, never in clear.

use diesel::prelude::*;

use crate::domain::algorithm::Algorithm;
use crate::store::engine::advisory::{self, Turn};
use crate::store::engine::columns::{time, word};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Error, Result, exactly_one};
use crate::store::engine::schema::signing_keys;
use crate::support::clock::Timestamp;

pub struct SealedKey {
    pub id: String,
    pub algorithm: Algorithm,
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
    pub activates_at: Timestamp,
}

pub fn add(connection: &mut AnyConnection, key: &SealedKey) -> Result<()> {
    let rows = diesel::insert_into(signing_keys::table)
        .values((
            signing_keys::kid.eq(&key.id),
            signing_keys::algorithm.eq(key.algorithm.as_str()),
            signing_keys::private_sealed.eq(&key.sealed),
            signing_keys::created_at.eq(key.created_at.millis()),
            signing_keys::activates_at.eq(key.activates_at.millis()),
        ))
        .execute(connection)?;
    exactly_one("adding a signing key", rows)
}

/// From when on a key signs.
///
/// # Errors
/// When the database is away or there is no such key.
pub fn set_activation(connection: &mut AnyConnection, id: &str, at: Timestamp) -> Result<()> {
    let rows = diesel::update(signing_keys::table.find(id))
        .set(signing_keys::activates_at.eq(at.millis()))
        .execute(connection)?;
    exactly_one("setting when a key signs", rows)
}

/// From here to the end of the transaction nobody else changes the keys: what is decided by
/// the list holds. Whoever asked for the change is held before.
pub fn hold(connection: &mut AnyConnection) -> Result<()> {
    advisory::hold(connection, Turn::SigningKeys)
}

pub fn remove_all(connection: &mut AnyConnection) -> Result<()> {
    diesel::delete(signing_keys::table).execute(connection)?;
    Ok(())
}

/// Oldest first, in one order for everybody.
pub fn list(connection: &mut AnyConnection) -> Result<Vec<SealedKey>> {
    signing_keys::table
        // By id too: all replicas must agree on which of two that sign from one instant is
        // the younger.
        .order((signing_keys::activates_at.asc(), signing_keys::kid.asc()))
        .load::<(String, String, Vec<u8>, i64, i64)>(connection)?
        .into_iter()
        .map(|(id, algorithm, sealed, created_at, activates_at)| {
            Ok(SealedKey {
                id,
                algorithm: word("signing algorithm", &algorithm)?,
                sealed,
                created_at: time(created_at),
                activates_at: time(activates_at),
            })
        })
        .collect::<Result<_, Error>>()
}
