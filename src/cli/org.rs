//! `keyward org`: organizations and who is in them.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::confirm::confirm;
use crate::cli::list_page::{ListPage, cut, one_more, so_many};
use crate::cli::output::{came, complain, say};
use crate::cli::time_arguments::{When, asks};
use crate::cli::{Outcome, explain, open};
use crate::domain::account::Account;
use crate::domain::id::{AccountId, After};
use crate::domain::organization::{Name, Organization};
use crate::domain::search_words::SearchWords;
use crate::domain::texts::name_characters::shown;
use crate::http::response_bodies;
use crate::service::Keyward;
use crate::service::accounts::administer as accounts;
use crate::service::membership::inviter::ShownInvitation;
use crate::service::organizations::administer;
use crate::service::organizations::change::Edit;
use crate::service::organizations::change_member::Which;
use crate::store::memberships::{Member, MemberPage};

#[derive(Subcommand)]
pub(super) enum Org {
    /// List organizations
    #[command(mut_arg("after", |it| it.help(
        "The organization after which to begin: its name or id, or what a page before said"
    )))]
    List(ListPage),
    /// Show one organization and who is in it
    Show(Show),
    /// Make an organization
    Add {
        name: String,
        /// Its owner: e-mail address, username or id
        #[arg(long)]
        owner: String,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Give somebody a role in an organization, who becomes a member by it
    SetRole {
        /// Its name or id
        organization: String,
        /// E-mail address, username or id
        account: String,
        /// owner, admin, manager, viewer, or any other that its members can hold
        role: String,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove somebody from an organization
    Remove {
        /// Its name or id
        organization: String,
        /// E-mail address, username or id
        account: String,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Give an organization another name
    Rename {
        /// Its name or id
        organization: String,
        name: String,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask for a second factor of everybody in an organization
    DemandFactor {
        /// Its name or id
        organization: String,
        #[command(flatten)]
        when: When,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete an organization and end every session in it. This can not be undone
    Delete {
        /// Its name or id
        organization: String,
        /// Ask nothing, at a terminal too
        #[arg(long)]
        yes: bool,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(super) struct Show {
    /// Its name or id
    organization: String,
    /// At most so many members, and so many of who is invited
    #[arg(long, default_value_t = 100, value_parser = so_many)]
    limit: u32,
    /// The id of the account after which to begin
    #[arg(long)]
    after: Option<AccountId>,
    /// As one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Org) -> Outcome {
    match command {
        Org::List(list) => self::list(list),
        Org::Show(show) => self::show(show),
        Org::Add { name, owner, json } => add(name, owner, *json),
        Org::SetRole {
            organization,
            account,
            role,
            json,
        } => set_role((organization, account), role, *json),
        Org::Remove {
            organization,
            account,
            json,
        } => remove(organization, account, *json),
        Org::Rename {
            organization,
            name,
            json,
        } => rename(organization, name, *json),
        Org::DemandFactor {
            organization,
            when,
            json,
        } => demand_factor(organization, when, *json),
        Org::Delete {
            organization,
            yes,
            json,
        } => delete(organization, *yes, *json),
    }
}

fn list(page: &ListPage) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let place = |text: &str| match text.parse() {
        Ok(place @ After::Place(..)) => Ok(place),
        Ok(After::Row(_)) | Err(()) => {
            let found = administer::find(kw, text).map_err(|error| explain(&error))?;
            Ok::<_, String>(After::Row(found.id.0))
        }
    };
    let after = page.after.as_deref().map(place).transpose()?;
    let found = administer::search(kw, &SearchWords::default(), after, page.one_more());
    let mut found = found.map_err(|error| explain(&error))?;
    page.cut(&mut found, |last| After::Place(last.created_at, last.id.0));
    for organization in &found {
        if page.json {
            say!("{}", response_bodies::organization(organization));
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
    let members = administer::page(
        kw,
        found.id,
        MemberPage {
            after: show.after.map(|id| id.to_string()),
            limit: i64::from(one_more(show.limit)),
        },
    );
    let mut members = members.map_err(|error| explain(&error))?;
    cut(&mut members, show.limit, |last| last.membership.account);
    let invited = administer::invitations(kw, found.id, one_more(show.limit));
    let mut invited = invited.map_err(|error| explain(&error))?;
    if invited.len() > show.limit as usize {
        invited.truncate(show.limit as usize);
        complain(format_args!("… and more are invited: --limit"));
    }
    if show.json {
        say!("{}", whole(&found, &members, &invited));
        return Ok(());
    }
    say!("id          {}", found.id);
    say!("name        {}", shown(&found.name));
    say!("created     {}", found.created_at);
    if let Some(from) = found.factor_from {
        say!("mfa from    {from}");
    }
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
    for it in invited {
        say!(
            "invited     {}  {}{}",
            shown(&it.role.unwrap_or_default()),
            shown(&it.invitation.written),
            if it.good {
                ""
            } else {
                "  (whoever invited may not any more)"
            }
        );
    }
    Ok(())
}

fn whole(
    found: &Organization,
    members: &[Member],
    invited: &[ShownInvitation],
) -> serde_json::Value {
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
    let mut body = response_bodies::organization(found);
    body["members"] = members.collect();
    let invited = invited.iter();
    body["invitations"] = invited
        .map(|it| {
            json!({
                "email": it.invitation.written,
                "role": it.role,
                "invitedBy": it.invitation.invited_by,
                "expires": it.invitation.expires_at.millis(),
                "good": it.good,
            })
        })
        .collect();
    body
}

fn parsed(name: &str) -> Result<Name, String> {
    Name::parse(name).ok_or_else(|| {
        format!(
            "\"{}\" is no name: 1 to 64 characters, words with single spaces between them",
            shown(name)
        )
    })
}

fn add(name: &str, owner: &str, as_json: bool) -> Outcome {
    let parsed = parsed(name)?;
    let app = open()?;
    let kw = &app.keyward;
    let owner = accounts::find(kw, owner).map_err(|error| explain(&error))?;
    let label = parsed.written().to_owned();
    let added = administer::add(kw, parsed, owner.id).map_err(|error| explain(&error))?;
    let words = format_args!("added {label} as {}", added.id);
    came(as_json, words, &response_bodies::organization(&added))
}

/// An organization and an account, and the membership of the two, where there is one.
fn of(
    kw: &Keyward,
    organization: &str,
    account: &str,
) -> Result<(Organization, Account, Which), String> {
    let told = |error: crate::service::Error| explain(&error);
    let organization = administer::find(kw, organization).map_err(told)?;
    let account = accounts::find(kw, account).map_err(told)?;
    let which = Which {
        organization: organization.id,
        account: account.id,
    };
    Ok((organization, account, which))
}

fn set_role((organization, account): (&str, &str), role: &str, as_json: bool) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let (organization, account, which) = of(kw, organization, account)?;
    administer::set_role(kw, which, role).map_err(|error| explain(&error))?;
    let value = json!({ "organization": organization.id, "account": account.id, "role": role });
    let words = format!(
        "{} is {} of {}",
        account.label(),
        shown(role),
        shown(&organization.name)
    );
    came(as_json, format_args!("{words}"), &value)
}

fn remove(organization: &str, account: &str, as_json: bool) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let (organization, account, which) = of(kw, organization, account)?;
    administer::remove(kw, which).map_err(|error| explain(&error))?;
    let value = json!({ "organization": organization.id, "account": account.id, "role": null });
    let words = format!(
        "{} is no member of {}",
        account.label(),
        shown(&organization.name)
    );
    came(as_json, format_args!("{words}"), &value)
}

fn rename(organization: &str, name: &str, as_json: bool) -> Outcome {
    let parsed = parsed(name)?;
    let app = open()?;
    let kw = &app.keyward;
    let told = |error: crate::service::Error| explain(&error);
    let old = administer::find(kw, organization).map_err(told)?;
    let new = administer::edit(kw, old.id, parsed.into()).map_err(told)?;
    let words = format!("{} is called {} now", shown(&old.name), shown(&new.name));
    came(
        as_json,
        format_args!("{words}"),
        &response_bodies::organization(&new),
    )
}

fn demand_factor(organization: &str, when: &When, as_json: bool) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let told = |error: crate::service::Error| explain(&error);
    let found = administer::find(kw, organization).map_err(told)?;
    let edit = Edit {
        factor_from: Some(when.instant(kw.clock.now())?),
        ..Edit::default()
    };
    let changed = administer::edit(kw, found.id, edit).map_err(told)?;
    let words = asks(&changed.name, changed.factor_from);
    came(
        as_json,
        format_args!("{words}"),
        &response_bodies::organization(&changed),
    )
}

fn delete(organization: &str, yes: bool, as_json: bool) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let told = |error: crate::service::Error| explain(&error);
    let found = administer::find(kw, organization).map_err(told)?;
    confirm("delete the organization", &shown(&found.name), yes)?;
    administer::delete(kw, found.id).map_err(told)?;
    let words = format!("deleted {}", shown(&found.name));
    let value = json!({ "id": found.id, "deleted": true });
    came(as_json, format_args!("{words}"), &value)
}
