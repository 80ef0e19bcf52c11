//! `keyward role`: roles of the service and of every organization.

use clap::Subcommand;
use serde_json::json;

use crate::cli::output::say;
use crate::cli::{Outcome, explain, open};
use crate::domain::letters::shown;
use crate::domain::organization::Scope;
use crate::service::Error;
use crate::service::accounts::administer;
use crate::service::roles::shared;

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
    },
    /// Take a role of the service from an account
    Take {
        /// E-mail address, username or id
        account: String,
        role: String,
    },
}

pub(super) fn run(command: &Role) -> Outcome {
    match command {
        Role::List { json } => list(*json),
        Role::Grant { account, role } => give(account, role, true),
        Role::Take { account, role } => give(account, role, false),
    }
}

fn list(as_json: bool) -> Outcome {
    let app = open()?;
    let roles = shared::list_roles(&app.keyward).map_err(|error| explain(&error))?;
    for role in roles {
        if as_json {
            let line = json!({
                "name": role.name,
                "description": role.description,
                "scope": role.scope.as_str(),
                "permissions": role.permissions,
            });
            say!("{line}");
        } else {
            let permissions: Vec<String> = role.permissions.into_iter().collect();
            say!(
                "{:12}  {}: {}",
                role.scope.as_str(),
                shown(&role.name),
                permissions.join(", ")
            );
        }
    }
    Ok(())
}

fn give(account: &str, name: &str, granted: bool) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let told = |error: Error| explain(&error);
    let account = administer::find(kw, account).map_err(told)?;
    let roles = shared::list_roles(kw).map_err(told)?;
    let mut roles = roles.iter().filter(|it| it.scope == Scope::Service);
    if !roles.any(|role| role.name == name) {
        return Err(format!(
            "the service has no role \"{}\"; keyward org set-role gives those of organizations",
            shown(name)
        ));
    }
    if granted {
        administer::grant_role(kw, account.id, name).map_err(told)?;
        say!("{} has the role {} now", account.label(), shown(name));
    } else {
        administer::take_role(kw, account.id, name).map_err(told)?;
        say!("{} has not the role {} now", account.label(), shown(name));
    }
    Ok(())
}
