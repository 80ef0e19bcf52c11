//! What somebody says of themselves, as two dialects name it.

use serde_json::{Map, Value};

use crate::domain::identifier::{Email, Username};
use crate::domain::profile::{self, Unfit};
use crate::http::request::fields::{Fields, whole};
use crate::service::accounts::profile_edit::Edit;
use crate::service::{Error, Result};
use crate::support::clock::Timestamp;

/// How a dialect calls the members of a person.
pub struct Names {
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub middle_name: &'static str,
    pub date_of_birth: &'static str,
    pub parent_id: &'static str,
}

/// As seed P writes them.
pub const CAMEL: Names = Names {
    first_name: "firstName",
    last_name: "lastName",
    middle_name: "middleName",
    date_of_birth: "dateOfBirth",
    parent_id: "parentId",
};

/// As Directus does.
pub const SNAKE: Names = Names {
    first_name: "first_name",
    last_name: "last_name",
    middle_name: "middle_name",
    date_of_birth: "date_of_birth",
    parent_id: "parent_id",
};

impl Names {
    /// Every member that [`edit`] reads, beside those of the route.
    #[must_use]
    pub fn with(&self, others: &[&'static str]) -> Vec<&'static str> {
        let own = [
            self.first_name,
            self.last_name,
            self.middle_name,
            self.date_of_birth,
            self.parent_id,
            "username",
            "gender",
            "company",
            "address",
            "language",
            "groups",
            "phone",
            "phones",
            "attributes",
            "terms_accepted",
        ];
        others.iter().copied().chain(own).collect()
    }
}

/// # Errors
/// `INVALID_PAYLOAD`, with the name of the member.
pub fn edit(fields: &Fields, names: &Names, now: Timestamp) -> Result<Edit> {
    let line = |name| of_text(fields, name, profile::line);
    Ok(Edit {
        username: username(fields)?,
        first_name: line(names.first_name)?,
        last_name: line(names.last_name)?,
        middle_name: line(names.middle_name)?,
        gender: line("gender")?,
        company: line("company")?,
        date_of_birth: of_text(fields, names.date_of_birth, |text| {
            if text.is_empty() {
                return Ok(None);
            }
            profile::day(text, now).map(Some)
        })?,
        address: of_value(fields, "address", profile::address)?,
        language: of_text(fields, "language", |text| match text {
            "" => Ok(None),
            _ => profile::language(text).map(Some),
        })?,
        parent_id: of_value(fields, names.parent_id, whole_or_null)?,
        groups: groups(fields)?,
        phones: phones(fields)?,
        phone: of_text(fields, "phone", profile::phone)?,
        attributes: of_value(fields, "attributes", profile::attributes)?,
        single_attributes: Map::new(),
        accepts_terms: fields.is_true("terms_accepted")?,
    })
}

/// # Errors
/// `INVALID_PAYLOAD`.
pub fn email(fields: &Fields, name: &str) -> Result<Option<Email>> {
    match fields.optional(name)? {
        None => Ok(None),
        Some(text) => match Email::parse(text) {
            Some(email) => Ok(Some(email)),
            None => Err(Error::payload(format!("\"{name}\" must be a valid email"))),
        },
    }
}

/// # Errors
/// `INVALID_PAYLOAD`, also where there is none.
pub fn required_email(fields: &Fields, name: &str) -> Result<Email> {
    email(fields, name)?.ok_or_else(|| Error::payload(format!("\"{name}\" is required")))
}

fn username(fields: &Fields) -> Result<Option<Username>> {
    let Some(text) = fields.optional("username")? else {
        return Ok(None);
    };
    Username::parse(text).map(Some).ok_or_else(|| {
        Error::payload(
            "\"username\" must be 1 to 128 characters without @, spaces and signs that nobody sees",
        )
    })
}

fn unfit(name: &str) -> impl Fn(Unfit) -> Error + '_ {
    move |why| Error::payload(format!("\"{name}\" {why}"))
}

/// Null empties a member, as an empty text does; one that is absent is left as it is.
#[expect(
    clippy::option_option,
    reason = "absent, emptied and set are three things"
)]
fn of_text(
    fields: &Fields,
    name: &str,
    read: impl Fn(&str) -> Result<Option<String>, Unfit>,
) -> Result<Option<Option<String>>> {
    if fields.value(name).is_none() {
        return Ok(None);
    }
    match fields.optional(name)? {
        None => Ok(Some(None)),
        Some(text) => read(text).map(Some).map_err(unfit(name)),
    }
}

fn of_value<T>(
    fields: &Fields,
    name: &str,
    read: impl Fn(&Value) -> Result<T, Unfit>,
) -> Result<Option<T>> {
    let value = fields.value(name);
    value.map(read).transpose().map_err(unfit(name))
}

fn whole_or_null(value: &Value) -> Result<Option<i64>, Unfit> {
    match value {
        Value::Null => Ok(None),
        value => whole(value).map(Some).ok_or("must be a whole number"),
    }
}

fn groups(fields: &Fields) -> Result<Option<Vec<String>>> {
    let name = "groups";
    let Some(list) = list(fields, name, MOST_GROUPS)? else {
        return Ok(None);
    };
    // Seed Y's groups are objects with a name.
    let texts = list.iter().map(|group| text_or_member(group, "name"));
    let texts: Option<Vec<String>> = texts.collect();
    let texts = texts.ok_or_else(|| unfit(name)("must be a list of names"))?;
    profile::groups(texts).map(Some).map_err(unfit(name))
}

/// The most telephones of one account.
const MOST: usize = 8;

/// The most addresses of a registration, the primary one among them.
const MOST_EMAILS: usize = 3;

/// The most groups.
const MOST_GROUPS: usize = 64;

/// All of them; the first is the primary one, which `phone` may name.
fn phones(fields: &Fields) -> Result<Option<Vec<String>>> {
    let Some(several) = list(fields, "phones", MOST)? else {
        return Ok(None);
    };
    let one = of_text(fields, "phone", profile::phone)?;
    let mut phones: Vec<String> = one.flatten().into_iter().collect();
    for phone in several {
        let text = text_or_member(&phone, "value");
        let text = text.ok_or_else(|| unfit("phones")("must be a list of telephone numbers"))?;
        if let Some(phone) = profile::phone(&text).map_err(unfit("phones"))?
            && !phones.contains(&phone)
        {
            phones.push(phone);
        }
    }
    if phones.len() > MOST {
        return Err(unfit("phones")("must not hold more than 8 numbers"));
    }
    Ok(Some(phones))
}

/// Further addresses: texts, or objects with a value as seed Y writes them.
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub fn emails(fields: &Fields) -> Result<Vec<Email>> {
    let mut emails: Vec<Email> = Vec::new();
    for value in list(fields, "emails", MOST_EMAILS)?.into_iter().flatten() {
        let text = text_or_member(&value, "value");
        let email = text.as_deref().and_then(Email::parse);
        let email = email.ok_or_else(|| unfit("emails")("must be a list of valid emails"))?;
        if !emails.iter().any(|other| other.is_same(&email)) {
            emails.push(email);
        }
    }
    Ok(emails)
}

fn list(fields: &Fields, name: &str, most: usize) -> Result<Option<Vec<Value>>> {
    match fields.value(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) if list.len() > most => Err(Error::payload(format!(
            "\"{name}\" must not hold more than {most}"
        ))),
        Some(Value::Array(list)) => Ok(Some(list.clone())),
        Some(_) => Err(unfit(name)("must be a list")),
    }
}

fn text_or_member(value: &Value, member: &str) -> Option<String> {
    let text = match value {
        Value::Object(map) => map.get(member).and_then(Value::as_str),
        value => value.as_str(),
    };
    text.map(str::to_owned)
}

/// The members of an inner object, to be read as fields of their own.
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub fn object(fields: &Fields, name: &str) -> Result<Option<Fields>> {
    match fields.value(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(Fields::from(Map::clone(map)))),
        Some(_) => Err(unfit(name)("must be an object")),
    }
}
