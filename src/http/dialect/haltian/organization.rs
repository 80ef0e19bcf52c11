//! Haltian's fields of the organization that the caller's session is in: who is there, in which
//! role, and what a manager does about it. Lists stand at the root, as the document prints
//! `{ devices { id name } }` (docs/decisions/0115).

use serde_json::{Value, json};

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::identifier::Email;
use crate::domain::rights::permission::{
    MEMBER_INVITE, MEMBER_READ, MEMBER_REMOVE, MEMBER_UPDATE, ORGANIZATION_READ, ROLE_READ,
};
use crate::http::dialect::haltian::refusals::say;
use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::table::{
    Argument, Field, Input, Object, PAGE, Type, argument, member, signed_in,
};
use crate::http::request::fields::Fields;
use crate::http::request::profile_fields::object;
use crate::http::response_bodies;
use crate::service::actor::Actor;
use crate::service::membership::rights_of_caller::{no_member, no_organization};
use crate::service::organizations::change_member::{self, Edit, Which};
use crate::service::organizations::invite::{self, MemberInvitation};
use crate::service::organizations::list;
use crate::service::roles::of_organization;
use crate::service::{Error, Result};
use crate::store::memberships::MemberPage;

pub(super) const ORGANIZATION: Field = signed_in(
    "organization",
    Type::object(&OF_THE_SESSION),
    &[],
    organization,
)
.needing(ORGANIZATION_READ)
.saying(say);

pub(super) const USERS: Field = signed_in("users", Type::object(&USER).list(), PAGE, users)
    .needing(MEMBER_READ)
    .saying(say);

pub(super) const INVITATIONS: Field = signed_in(
    "invitations",
    Type::object(&INVITATION).list(),
    PAGE,
    invitations,
)
.needing(MEMBER_READ)
.saying(say);

pub(super) const ROLES: Field = signed_in("roles", Type::object(&ROLE).list(), &[], roles)
    .needing(ROLE_READ)
    .saying(say);

pub(super) const INVITE_USER: Field = changes("inviteUser", INVITE, invite).needing(MEMBER_INVITE);

pub(super) const CANCEL_INVITATION: Field =
    changes("cancelInvitation", CANCEL, cancel).needing(MEMBER_REMOVE);

pub(super) const SET_USER_ROLE: Field =
    changes("setUserRole", SET_ROLE, set_role).needing(MEMBER_UPDATE);

pub(super) const REMOVE_USER: Field = changes("removeUser", REMOVE, remove).needing(MEMBER_REMOVE);

const fn changes(
    name: &'static str,
    arguments: &'static [Argument],
    act: fn(&Asked, &Fields, &Actor) -> Result<Value>,
) -> Field {
    signed_in(name, Type::object(&DONE).required(), arguments, act)
        .once()
        .saying(say)
}

static OF_THE_SESSION: Object = Object {
    name: "Organization",
    fields: &[
        member("id", Type::ID.required()),
        member("name", Type::TEXT.required()),
    ],
};

static USER: Object = Object {
    name: "User",
    fields: &[
        member("id", Type::ID.required()),
        member("email", Type::TEXT),
        member("username", Type::TEXT),
        member("firstName", Type::TEXT),
        member("lastName", Type::TEXT),
        member("role", Type::TEXT.required()),
        member("state", Type::TEXT.required()),
    ],
};

static INVITATION: Object = Object {
    name: "Invitation",
    fields: &[
        member("email", Type::TEXT.required()),
        member("role", Type::TEXT.required()),
    ],
};

static ROLE: Object = Object {
    name: "Role",
    fields: &[
        member("name", Type::TEXT.required()),
        member("description", Type::TEXT),
        member("permissions", Type::TEXT.required().list()),
    ],
};

static DONE: Object = Object {
    name: "ChangeResult",
    fields: &[member("success", Type::TRUTH.required())],
};

const INVITE: &[Argument] = &[argument(
    "inviteUserInput",
    Type::input(&INVITE_INPUT).required(),
)];
const CANCEL: &[Argument] = &[argument(
    "cancelInvitationInput",
    Type::input(&CANCEL_INPUT).required(),
)];
const SET_ROLE: &[Argument] = &[argument(
    "setUserRoleInput",
    Type::input(&SET_ROLE_INPUT).required(),
)];
const REMOVE: &[Argument] = &[argument(
    "removeUserInput",
    Type::input(&REMOVE_INPUT).required(),
)];

static INVITE_INPUT: Input = Input {
    name: "InviteUserInput",
    members: &[
        argument("email", Type::TEXT.required()),
        argument("role", Type::TEXT.required()),
        argument("inviteUrl", Type::TEXT),
        argument("language", Type::TEXT),
    ],
};

static CANCEL_INPUT: Input = Input {
    name: "CancelInvitationInput",
    members: &[argument("email", Type::TEXT.required())],
};

static SET_ROLE_INPUT: Input = Input {
    name: "SetUserRoleInput",
    members: &[
        argument("userId", Type::ID.required()),
        argument("role", Type::TEXT.required()),
    ],
};

static REMOVE_INPUT: Input = Input {
    name: "RemoveUserInput",
    members: &[argument("userId", Type::ID.required())],
};

/// The organization that the session is in. Without one there is none of these fields.
fn of_session(actor: &Actor) -> Result<OrganizationId> {
    actor.claims().org.ok_or_else(no_organization)
}

fn organization(asked: &Asked, _: &Fields, actor: &Actor) -> Result<Value> {
    let found = list::one(&asked.kw, actor, of_session(actor)?)?.organization;
    Ok(json!({ "id": found.id, "name": found.name }))
}

fn users(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    let after = fields.optional("after")?.map(|text| {
        let id = text.parse::<AccountId>();
        let words = "\"after\" must be the id of a user";
        id.map(|id| id.to_string())
            .map_err(|_| Error::payload(words))
    });
    let page = page(fields, after.transpose()?)?;
    let members = list::members(&asked.kw, actor, of_session(actor)?, page)?;
    let users = members.iter().map(|member| {
        let mut user = response_bodies::member(member);
        user["id"] = user["account"].take();
        user
    });
    Ok(users.collect())
}

fn invitations(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    let after = match fields.optional("after")? {
        None => None,
        Some(text) => Some(email(text, "after")?.canonical().to_owned()),
    };
    let page = page(fields, after)?;
    let invited = list::invitations(&asked.kw, actor, of_session(actor)?, page)?;
    Ok(invited.iter().map(response_bodies::invitation).collect())
}

/// As many as a page of the REST face holds at the most.
const MOST: i64 = 100;

fn page(fields: &Fields, after: Option<String>) -> Result<MemberPage> {
    let limit = fields
        .value("first")
        .and_then(Value::as_i64)
        .unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::payload("\"first\" must be 1 to 100"));
    }
    Ok(MemberPage { after, limit })
}

fn roles(asked: &Asked, _: &Fields, actor: &Actor) -> Result<Value> {
    let roles = of_organization::list_roles(&asked.kw, actor, of_session(actor)?)?;
    Ok(roles.iter().map(response_bodies::role).collect())
}

fn invite(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    let input = object(fields, "inviteUserInput")?.unwrap_or_default();
    let new = MemberInvitation {
        organization: of_session(actor)?,
        email: email(input.required("email")?, "email")?,
        role: input.required("role")?.to_owned(),
        wish: asked.wish(&input, "inviteUrl")?,
    };
    asked.answer_evenly();
    invite::invite(&asked.kw, actor, new)?;
    Ok(done())
}

fn cancel(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    let input = object(fields, "cancelInvitationInput")?.unwrap_or_default();
    let email = email(input.required("email")?, "email")?;
    invite::take_back(&asked.kw, actor, of_session(actor)?, &email)?;
    Ok(done())
}

fn set_role(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    let input = object(fields, "setUserRoleInput")?.unwrap_or_default();
    let edit = Edit {
        role: Some(input.required("role")?.to_owned()),
        state: None,
    };
    change_member::change_member(&asked.kw, actor, which(&input, actor)?, edit)?;
    Ok(done())
}

fn remove(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    let input = object(fields, "removeUserInput")?.unwrap_or_default();
    change_member::remove_member(&asked.kw, actor, which(&input, actor)?)?;
    Ok(done())
}

/// What is no id is the id of nobody.
fn which(input: &Fields, actor: &Actor) -> Result<Which> {
    Ok(Which {
        organization: of_session(actor)?,
        account: input.required("userId")?.parse().map_err(|_| no_member())?,
    })
}

fn email(text: &str, name: &str) -> Result<Email> {
    Email::parse(text).ok_or_else(|| Error::payload(format!("\"{name}\" must be a valid email")))
}

fn done() -> Value {
    json!({ "success": true })
}
