//! A membership that ends, or a role that shrinks, against what gives tokens at that moment: on
//! two processes, many times.

use std::sync::Barrier;

use keyward::domain::id::OrganizationId;
use keyward::domain::session::Client;
use keyward::service::organizations::administer;
use keyward::service::organizations::change::Edit as Change;
use keyward::service::organizations::change_member::{Edit, Which, change_member, remove_member};
use keyward::service::sessions::refresh;
use keyward::service::tokens::authenticate::authenticate;
use keyward::support::clock::Timestamp;
use keyward::support::secret::SecretString;
use serde_json::json;

use super::{ALICE, id_of, make, member, person, sign_in_to};
use crate::support::{Forge, PASSWORD, TestKeyward, actor};

const ROUNDS: usize = 12;

/// Refreshes in one process while the other one changes the member: the access token, where one
/// was given.
fn refresh_against(
    kw: &TestKeyward,
    other: &TestKeyward,
    (token, act): (String, impl FnOnce(&keyward::service::Keyward) + Send),
) -> Option<SecretString> {
    let start = Barrier::new(2);
    let start = &start;
    let (kw, other) = (kw.kw.clone(), other.kw.clone());
    std::thread::scope(|scope| {
        let refreshed = scope.spawn(move || {
            let request = refresh::Request {
                token: token.into(),
                organization: None,
                client: Client::default(),
            };
            start.wait();
            refresh::refresh(&kw, &request).ok()
        });
        scope.spawn(move || {
            start.wait();
            act(&other);
        });
        refreshed.join().unwrap().map(|it| it.tokens.access)
    })
}

both!(s9_o6_a_refresh_against_a_role_that_shrinks, |kw| {
    let replica = kw.replica();
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let organization: OrganizationId = acme.parse().unwrap();
    let by = actor(&replica.kw, &alice);
    for round in 0..ROUNDS {
        let email = format!("m{round}@example.com");
        let (access, token) = member(kw, &alice, &acme, (&email, "admin"));
        let account = id_of(&access);
        let by = by.clone();
        let act = move |kw: &keyward::service::Keyward| {
            let which = Which {
                organization,
                account,
            };
            let role = Some("viewer".to_owned());
            change_member(kw, &by, which, Edit { role, state: None }).unwrap();
        };
        let given = refresh_against(kw, &replica, (token, act));
        for each in [kw, &replica] {
            each.catch_up();
        }
        // Either it was given before, and is outdated, or it says less.
        if let Some(given) = given {
            use keyward::support::secret::ExposeSecret as _;
            let claims = Forge::claims_of(given.expose_secret());
            let less = claims["permissions"] == json!(["organization:read"]);
            for each in [kw, &replica] {
                let good = authenticate(&each.kw, &given).is_ok();
                assert_eq!(good, less, "round {round}: {claims}");
            }
        }
    }
});

both!(s9_o7_what_begins_or_goes_on_against_a_removal, |kw| {
    let replica = kw.replica();
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let organization: OrganizationId = acme.parse().unwrap();
    let by = actor(&replica.kw, &alice);
    for round in 0..ROUNDS {
        let email = format!("m{round}@example.com");
        let (access, token) = member(kw, &alice, &acme, (&email, "viewer"));
        let account = id_of(&access);
        let by = by.clone();
        let act = move |kw: &keyward::service::Keyward| {
            let which = Which {
                organization,
                account,
            };
            remove_member(kw, &by, which).unwrap();
        };
        let given = if round % 2 == 0 {
            refresh_against(kw, &replica, (token, act))
        } else {
            let start = Barrier::new(2);
            let other = replica.kw.clone();
            std::thread::scope(|scope| {
                let start = &start;
                let removed = scope.spawn(move || {
                    start.wait();
                    act(&other);
                });
                start.wait();
                let answer = sign_in_to(kw, &email, &acme);
                removed.join().unwrap();
                (answer.status == 200).then(|| answer.tokens().0.into())
            })
        };
        for each in [kw, &replica] {
            each.catch_up();
            if let Some(given) = &given {
                assert!(authenticate(&each.kw, given).is_err(), "round {round}");
            }
        }
        let living = format!(
            "sessions WHERE account_id = '{account}' AND organization_id IS NOT NULL \
             AND revoked_at IS NULL"
        );
        assert_eq!(kw.count(&living), 0, "round {round}");
        assert_eq!(kw.sign_in(&email, PASSWORD).status, 200);
    }
});

// Either the token was given before, and is outdated, or it holds nothing.
both!(what_begins_or_goes_on_against_a_demand_for_a_factor, |kw| {
    let replica = kw.replica();
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let organization: OrganizationId = acme.parse().unwrap();
    for round in 0..ROUNDS {
        let email = format!("m{round}@example.com");
        let owner = sign_in_to(kw, ALICE, &acme).tokens().0;
        let (_, token) = member(kw, &owner, &acme, (&email, "viewer"));
        let demand = move |kw: &keyward::service::Keyward, from: Option<Timestamp>| {
            let edit = Change {
                factor_from: Some(from),
                ..Change::default()
            };
            administer::edit(kw, organization, edit).unwrap();
        };
        let act = move |kw: &keyward::service::Keyward| demand(kw, Some(kw.clock.now()));
        let given = if round % 2 == 0 {
            refresh_against(kw, &replica, (token, act))
        } else {
            let start = Barrier::new(2);
            let other = replica.kw.clone();
            std::thread::scope(|scope| {
                let start = &start;
                let demanded = scope.spawn(move || {
                    start.wait();
                    act(&other);
                });
                start.wait();
                let answer = sign_in_to(kw, &email, &acme);
                demanded.join().unwrap();
                (answer.status == 200).then(|| answer.tokens().0.into())
            })
        };
        for each in [kw, &replica] {
            each.catch_up();
            if let Some(given) = &given
                && let Ok(principal) = authenticate(&each.kw, given)
            {
                let claims = &principal.claims;
                assert!(claims.permissions.is_empty(), "round {round}: {claims:?}");
                assert!(claims.mfa_from.is_some(), "round {round}: {claims:?}");
            }
        }
        demand(&kw.kw, None);
    }
});
