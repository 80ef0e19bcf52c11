//! `keyward org`: organizations and who is in them.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::output::say;
use crate::cli::{Outcome, explain, open};
use crate::domain::letters::shown;
use crate::domain::organization::{Name, Organization};
use crate::service::accounts::administer as accounts;
use crate::service::organizations::administer;

#[derive(Subcommand)]
pub(super) enum Org {
    /// List organizations
    List(List),
    /// Show one organization and who is in it
    Show(Show),
    /// Make an organization
    Add {
        name: String,
        /// Its owner: e-mail address, username or id
        #[arg(long)]
        owner: String,
    },
    /// Give somebody a role in an organization, who becomes a member by it
    SetRole {
        /// Its name or id
        organization: String,
        /// E-mail address, username or id
        account: String,
        /// owner, admin, manager, viewer, or any other that its members can hold
        role: String,
    },
    /// Delete an organization and end every session in it. This can not be undone
    Delete {
        /// Its name or id
        organization: String,
    },
}

#[derive(Args)]
pub(super) struct List {
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// The organization after which to begin: its name or id
    #[arg(long)]
    after: Option<String>,
    /// A line of JSON for each
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Show {
    /// Its name or id
    organization: String,
    /// At most so many members
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// As one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Org) -> Outcome {
    match command {
        Org::List(list) => self::list(list),
        Org::Show(show) => self::show(show),
        Org::Add { name, owner } => add(name, owner),
        Org::SetRole {
            organization,
            account,
            role,
        } => set_role(organization, account, role),
        Org::Delete { organization } => delete(organization),
    }
}

fn list(list: &List) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let after = list.after.as_deref().map(|it| administer::find(kw, it));
    let after = after.transpose().map_err(|error| explain(&error))?;
    let found = administer::list(kw, after.map(|it| it.id), list.limit);
    for organization in found.map_err(|error| explain(&error))? {
        if list.json {
            say!("{}", render(&organization));
        } else {
            say!("{}  {}", organization.id, shown(&organization.name));
        }
    }
    Ok(())
}

fn show(show: &Show) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let found = administer::find(kw, &show.organization).map_err(|error| explain(&error))?;
    let members = administer::members(kw, found.id, show.limit);
    let members = members.map_err(|error| explain(&error))?;
    let invited = administer::invitations(kw, found.id, show.limit);
    let invited = invited.map_err(|error| explain(&error))?;
    if show.json {
        let members = members.iter().map(|member| {
            json!({
                "account": member.membership.account,
                "email": member.email,
                "verified": member.verified,
                "username": member.username,
                "role": member.role,
                "state": member.membership.state.as_str(),
            })
        });
        let mut body = render(&found);
        body["members"] = members.collect();
        let invited = invited.iter();
        body["invitations"] = invited
            .map(|(it, role)| json!({ "email": it.written, "role": role }))
            .collect();
        say!("{body}");
        return Ok(());
    }
    say!("id          {}", found.id);
    say!("name        {}", shown(&found.name));
    say!("created     {}", found.created_at);
    for member in members {
        let name = member.email.or(member.username).unwrap_or_default();
        let state = member.membership.state.as_str();
        say!(
            "member      {}  {state:9}  {}  {}",
            member.membership.account,
            shown(&member.role),
            shown(&name)
        );
    }
    for (invitation, role) in invited {
        say!(
            "invited     {}  {}",
            shown(&role.unwrap_or_default()),
            shown(&invitation.written)
        );
    }
    Ok(())
}

fn add(name: &str, owner: &str) -> Outcome {
    let parsed = Name::parse(name).ok_or_else(|| {
        format!(
            "\"{}\" is no name: 1 to 64 characters, words with single spaces between them",
            shown(name)
        )
    })?;
    let app = open()?;
    let kw = &app.keyward;
    let owner = accounts::find(kw, owner).map_err(|error| explain(&error))?;
    let label = parsed.written().to_owned();
    let id = administer::add(kw, parsed, owner.id).map_err(|error| explain(&error))?;
    say!("added {label} as {id}");
    Ok(())
}

fn set_role(organization: &str, account: &str, role: &str) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let told = |error: crate::service::Error| explain(&error);
    let organization = administer::find(kw, organization).map_err(told)?;
    let account = accounts::find(kw, account).map_err(told)?;
    administer::set_role(kw, organization.id, account.id, role).map_err(told)?;
    say!(
        "{} is {} of {}",
        account.label(),
        shown(role),
        shown(&organization.name)
    );
    Ok(())
}

fn delete(organization: &str) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let told = |error: crate::service::Error| explain(&error);
    let found = administer::find(kw, organization).map_err(told)?;
    administer::delete(kw, found.id).map_err(told)?;
    say!("deleted {}", shown(&found.name));
    Ok(())
}

fn render(organization: &Organization) -> serde_json::Value {
    json!({
        "id": organization.id,
        "name": organization.name,
        "created": organization.created_at.millis(),
        "updated": organization.updated_at.millis(),
    })
}
