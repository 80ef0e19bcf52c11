//! `keyward role`: roles of the service and of every organization.

use clap::Subcommand;
use serde_json::json;

use crate::cli::output::{came, say};
use crate::cli::time_arguments::{When, asks};
use crate::cli::{Outcome, explain, open};
use crate::domain::organization::Scope;
use crate::domain::texts::name_characters::shown;
use crate::http::response_bodies;
use crate::service::Error;
use crate::service::accounts::administer;
use crate::service::roles::of_service;
use crate::service::roles::validate::Edit;

#[derive(Subcommand)]
pub(super) enum Role {
    /// List roles and what they permit
    List {
        /// A line of JSON for each
        #[arg(long)]
        json: bool,
    },
    /// Give an account a role of the service
    Grant {
        /// E-mail address, username or id
        account: String,
        role: String,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask for a second factor of whoever holds a role, of the service or in any organization
    DemandFactor {
        role: String,
        #[command(flatten)]
        when: When,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a role of the service from an account
    Take {
        /// E-mail address, username or id
        account: String,
        role: String,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: &Role) -> Outcome {
    match command {
        Role::List { json } => list(*json),
        Role::DemandFactor { role, when, json } => demand_factor(role, when, *json),
        Role::Grant {
            account,
            role,
            json,
        } => give((account, role), true, *json),
        Role::Take {
            account,
            role,
            json,
        } => give((account, role), false, *json),
    }
}

fn list(as_json: bool) -> Outcome {
    let app = open()?;
    let roles = of_service::list_roles(&app.keyward).map_err(|error| explain(&error))?;
    for role in roles {
        if as_json {
            say!("{}", response_bodies::role(&role));
        } else {
            let permissions: Vec<String> = role.permissions.into_iter().collect();
            let from = role.factor_from.map(|from| format!(" (mfa from {from})"));
            say!(
                "{:12}  {}: {}{}",
                role.scope.as_str(),
                shown(&role.name),
                permissions.join(", "),
                from.unwrap_or_default()
            );
        }
    }
    Ok(())
}

fn demand_factor(name: &str, when: &When, as_json: bool) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let edit = Edit {
        factor_from: Some(when.instant(kw.clock.now())?),
        ..Edit::default()
    };
    let changed = of_service::change_role(kw, name, edit).map_err(|error| explain(&error))?;
    let words = asks(&changed.name, changed.factor_from);
    came(
        as_json,
        format_args!("{words}"),
        &response_bodies::role(&changed),
    )
}

fn give((account, name): (&str, &str), granted: bool, as_json: bool) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let told = |error: Error| explain(&error);
    let account = administer::find(kw, account).map_err(told)?;
    let roles = of_service::list_roles(kw).map_err(told)?;
    let mut roles = roles.iter().filter(|it| it.scope == Scope::Service);
    if !roles.any(|role| role.name == name) {
        return Err(format!(
            "the service has no role \"{}\"; keyward org set-role gives those of organizations",
            shown(name)
        ));
    }
    let changed = if granted {
        administer::grant_role(kw, account.id, name).map_err(told)?
    } else {
        administer::take_role(kw, account.id, name).map_err(told)?
    };
    let (label, name) = (account.label(), shown(name));
    let words = match (granted, changed) {
        (true, true) => format!("{label} has the role {name} now"),
        (true, false) => format!("{label} had the role {name} already"),
        (false, true) => format!("{label} has not the role {name} now"),
        (false, false) => format!("{label} had not the role {name}"),
    };
    let value = json!({ "account": account.id, "role": name, "held": granted });
    came(as_json, format_args!("{words}"), &value)
}
