//! Who gave invitations: they are that account's word, and go with it.

use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::store::engine::columns::optional;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::Result;
use crate::store::engine::schema::invitations;
use crate::store::memberships::invitations::Place;

/// Those that the account made, to wherever.
pub fn remove_all_by(connection: &mut AnyConnection, inviter: AccountId) -> Result<()> {
    let rows = invitations::table.filter(invitations::invited_by.eq(inviter.to_string()));
    diesel::delete(rows).execute(connection)?;
    Ok(())
}

/// Who invited, and to what.
pub type Giver = (Place, Option<AccountId>);

/// By whom anybody is invited to the role, each once.
pub fn givers_of(connection: &mut AnyConnection, role: &str) -> Result<Vec<Giver>> {
    let rows: Vec<(Option<String>, Option<String>)> = invitations::table
        .filter(invitations::role.eq(role))
        .select((invitations::organization_id, invitations::invited_by))
        .distinct()
        .load(connection)?;
    let givers = rows.into_iter().map(|(organization, inviter)| {
        let organization = optional("organization id", organization.as_deref())?;
        let place = organization.map_or(Place::Service, Place::Organization);
        Ok((place, optional("account id", inviter.as_deref())?))
    });
    givers.collect()
}

/// Ends all to the role that this one gave.
pub fn remove_given(
    connection: &mut AnyConnection,
    role: &str,
    (place, inviter): Giver,
) -> Result<()> {
    let to_role = invitations::table
        .filter(invitations::role.eq(role))
        .filter(invitations::place.eq(place.key()));
    match inviter {
        Some(inviter) => {
            let theirs = to_role.filter(invitations::invited_by.eq(inviter.to_string()));
            diesel::delete(theirs).execute(connection)?
        }
        None => {
            diesel::delete(to_role.filter(invitations::invited_by.is_null())).execute(connection)?
        }
    };
    Ok(())
}
