//! The organization that a sign-in or refresh names.

use serde_json::Value;

use crate::domain::id::OrganizationId;
use crate::domain::organization::Name;
use crate::http::request::fields::Fields;
use crate::service::sessions::wanted_organization::WantedOrganization;
use crate::service::{Error, Result};

/// The organization to sign in to, by its id or by its name (rows H-04 to H-06).
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub fn by(fields: &Fields) -> Result<Option<WantedOrganization>> {
    match (organization_id(fields)?, fields.value("organizationName")) {
        (id, None | Some(Value::Null)) => Ok(id.map(WantedOrganization::Id)),
        (None, Some(_)) => {
            let name = Name::parse(fields.required("organizationName")?);
            Ok(Some(WantedOrganization::Name(name)))
        }
        (Some(_), Some(_)) => Err(Error::payload(
            "\"organizationId\" and \"organizationName\" must not be sent together",
        )),
    }
}

/// # Errors
/// `INVALID_PAYLOAD`.
pub fn organization_id(fields: &Fields) -> Result<Option<OrganizationId>> {
    let id = fields.optional("organizationId")?.map(str::parse);
    id.transpose()
        .map_err(|_| Error::payload("\"organizationId\" must be the id of an organization"))
}
