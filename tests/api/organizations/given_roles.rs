//! A role that changes or goes at the moment in which somebody is given it: whoever gives it waits
//! for the change, and gives what it is then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use diesel::RunQueryDsl as _;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use keyward::domain::organization::{Name, Scope};
use keyward::service::roles::of_service::make_role;
use keyward::service::roles::validate::New;
use keyward::store::{self, AnyConnection, organization_roles};
use serde_json::json;

use super::{change, id_of, invite, make, member, path_of, person};
use crate::support::{Answer, Ask, Forge, PASSWORD, TestKeyward};

/// How many wait for this transaction.
const WAITING: &str = "(SELECT count(*) FROM pg_locks \
     WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))";

/// What is done to a role that is held: before others come, and after.
type Deed = [fn(&mut AnyConnection, &str) -> store::Result<()>; 2];

const NOTHING: Deed = [|_, _| Ok(()), |_, _| Ok(())];

const SHRINK: Deed = [shrink, |_, _| Ok(())];

/// A role that nobody holds and nobody is invited to.
const REMOVE: Deed = [|_, _| Ok(()), organization_roles::remove];

fn shrink(tx: &mut AnyConnection, role: &str) -> store::Result<()> {
    let all = organization_roles::list_shared(tx)?;
    let mut role = all.into_iter().find(|it| it.key == role).unwrap();
    role.permissions.clear();
    organization_roles::set(tx, &role)
}

/// One role, and people of its own.
struct Scene<'a> {
    kw: &'a TestKeyward,
    role: String,
    root: String,
    alice: String,
    acme: String,
}

impl<'a> Scene<'a> {
    fn new(kw: &'a TestKeyward, scope: Scope, name: &str) -> Self {
        let new = New {
            name: Name::parse(name).unwrap(),
            description: String::new(),
            permissions: ["device:read".to_owned()].into(),
            factor_from: None,
        };
        make_role(&kw.kw, new, scope).unwrap();
        let email = |who: &str| format!("{who}-{name}@example.com");
        kw.add(&email("root"), None, true);
        let root = kw.sign_in(&email("root"), PASSWORD).tokens().0;
        let alice = person(kw, &email("alice"));
        let acme = make(kw, &alice, name);
        Self {
            kw,
            role: name.to_owned(),
            root,
            alice,
            acme,
        }
    }

    fn bob(&self) -> String {
        format!("bob-{}@example.com", self.role)
    }

    /// By somebody who has a password by then: no request hashes one, for that takes as long as
    /// the machine is busy.
    fn by_code(&self) -> Ask<'a> {
        self.kw.add_verified(&self.bob());
        let link = self.kw.last_mail_to(&self.bob()).link();
        let code = link.split_once('=').unwrap().1;
        let body = json!({ "token": code });
        self.kw.post("/auth/invitations/accept").json(&body)
    }

    fn invited(&self) {
        let asked = invite(self.kw, &self.alice, &self.acme, (&self.bob(), &self.role));
        assert_eq!(asked.status, 202, "{asked:?}");
    }

    /// Asks while another transaction does its deed to the role. That ends where somebody
    /// waits for it, or where the answer came without. Whether somebody waited: on SQLite always,
    /// where transactions come one after the other.
    fn against(&self, deed: Deed, ask: impl FnOnce() -> Answer) -> (Answer, bool) {
        let answered = Arc::new(AtomicBool::new(false));
        let (held, is_held) = mpsc::channel();
        let (kw, sees, role) = (self.kw.kw.clone(), answered.clone(), self.role.clone());
        let changes = std::thread::spawn(move || {
            kw.store.write(move |tx| {
                assert!(organization_roles::hold(tx, &role)?);
                deed[0](tx, &role)?;
                let _ = held.send(());
                let waited = waited(tx, &sees)?;
                deed[1](tx, &role)?;
                Ok::<_, store::Error>(waited)
            })
        });
        is_held.recv().unwrap();
        let answer = ask();
        answered.store(true, Ordering::Relaxed);
        (answer, changes.join().unwrap().unwrap())
    }
}

fn waited(tx: &mut AnyConnection, answered: &AtomicBool) -> store::Result<bool> {
    let AnyConnection::Postgres(postgres) = tx else {
        return Ok(true);
    };
    let began = Instant::now();
    while !answered.load(Ordering::Relaxed) && began.elapsed() < Duration::from_secs(2) {
        if diesel::select(sql::<BigInt>(WAITING)).get_result::<i64>(postgres)? > 0 {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(false)
}

/// A way to give a role: its name, and what makes the request that does it.
type Way = (&'static str, for<'a> fn(&Scene<'a>) -> Ask<'a>);

/// To an account, or to whoever will have one.
const IN_SERVICE: &[Way] = &[
    ("grant", |it| {
        let path = format!(
            "/admin/accounts/{}/roles/{}",
            it.kw.account(&it.bob()),
            it.role
        );
        it.kw.put(&path).bearer(&it.root)
    }),
    ("add", |it| {
        let body = json!({ "email": it.bob(), "role": it.role });
        it.kw.post("/admin/accounts").bearer(&it.root).json(&body)
    }),
    ("invite", |it| {
        let body = json!({ "email": it.bob(), "role": it.role });
        it.kw
            .post("/admin/invitations")
            .bearer(&it.root)
            .json(&body)
    }),
];

/// In an organization, or to whoever will be in one.
const IN_ORGANIZATION: &[Way] = &[
    ("ask", |it| {
        let path = format!("/auth/organizations/{}/invitations", it.acme);
        let body = json!({ "email": it.bob(), "role": it.role });
        it.kw.post(&path).bearer(&it.alice).json(&body)
    }),
    ("change", |it| {
        let (bob, _) = member(it.kw, &it.alice, &it.acme, (&it.bob(), "viewer"));
        let path = path_of(&it.acme, id_of(&bob));
        let body = json!({ "role": it.role });
        it.kw.ask("PATCH", &path).bearer(&it.alice).json(&body)
    }),
    ("set", |it| {
        let bob = it.kw.add_verified(&it.bob());
        let path = format!("/admin/organizations/{}/members/{bob}", it.acme);
        let body = json!({ "role": it.role });
        it.kw.put(&path).bearer(&it.root).json(&body)
    }),
];

/// By what was said before: no role goes that somebody is invited to, or is suspended in.
const OF_EARLIER: &[(Scope, Way)] = &[
    (
        Scope::Service,
        ("begin", |it| {
            let body = json!({ "email": it.bob(), "role": it.role });
            let asked = it
                .kw
                .post("/admin/invitations")
                .bearer(&it.root)
                .json(&body);
            assert_eq!(asked.send().status, 202);
            it.by_code()
        }),
    ),
    (
        Scope::Organization,
        ("join", |it| {
            it.invited();
            it.by_code()
        }),
    ),
    (
        Scope::Organization,
        ("accept", |it| {
            let bob = person(it.kw, &it.bob());
            it.invited();
            let path = format!("/auth/organizations/{}/accept", it.acme);
            it.kw.post(&path).bearer(&bob)
        }),
    ),
    (
        Scope::Organization,
        ("resume", |it| {
            let (bob, _) = member(it.kw, &it.alice, &it.acme, (&it.bob(), &it.role));
            let path = path_of(&it.acme, id_of(&bob));
            let body = json!({ "state": "suspended" });
            let suspended = change(it.kw, &it.alice, &path, &body);
            assert_eq!(suspended.status, 204, "{suspended:?}");
            let body = json!({ "state": "active" });
            it.kw.ask("PATCH", &path).bearer(&it.alice).json(&body)
        }),
    ),
];

fn all() -> impl Iterator<Item = (Scope, Way)> {
    let service = IN_SERVICE.iter().map(|way| (Scope::Service, *way));
    let organization = IN_ORGANIZATION
        .iter()
        .map(|way| (Scope::Organization, *way));
    service.chain(organization)
}

both!(
    s9_a_role_that_is_removed_at_that_moment_is_given_to_nobody,
    |kw| {
        for (scope, (name, way)) in all() {
            let scene = Scene::new(kw, scope, name);
            let ask = way(&scene);
            let (answer, waited) = scene.against(REMOVE, || ask.send());
            assert!((400..500).contains(&answer.status), "{name}: {answer:?}");
            assert!(waited, "{name}: {answer:?}");
            for table in ["account_roles", "memberships", "invitations"] {
                assert_eq!(
                    kw.count(&format!("{table} WHERE role = '{name}'")),
                    0,
                    "{name}"
                );
            }
        }
    }
);

both!(
    s9_a_role_that_shrinks_at_that_moment_is_given_as_it_is_then,
    |kw| {
        let all = all().chain(OF_EARLIER.iter().copied());
        for (scope, (name, way)) in all {
            let scene = Scene::new(kw, scope, name);
            let ask = way(&scene);
            let (answer, waited) = scene.against(SHRINK, || ask.send());
            assert!((200..300).contains(&answer.status), "{name}: {answer:?}");
            assert!(waited, "{name}: {answer:?}");
        }
    }
);

// Whoever refreshes before the change is there would keep until the token's end what was taken.
both!(
    s9_no_token_says_what_a_role_lost_before_it_was_granted,
    |kw| {
        let scene = Scene::new(kw, Scope::Service, "grant");
        let ask = IN_SERVICE[0].1(&scene);
        let (_, token) = kw.sign_in(&scene.bob(), PASSWORD).tokens();
        let (refreshed, _) = scene.against(SHRINK, || {
            assert_eq!(ask.send().status, 204);
            kw.refresh(&token)
        });
        let claims = Forge::claims_of(&refreshed.tokens().0);
        assert_eq!(claims["roles"], json!(["grant"]), "{claims}");
        assert_eq!(claims["permissions"], json!([]), "{claims}");
    }
);

// As the owner's role may be asked for a second factor, though it never shrinks.
both!(
    s9_whoever_makes_an_organization_waits_for_a_change_of_the_owners_role,
    |kw| {
        let mut scene = Scene::new(kw, Scope::Organization, "make");
        "owner".clone_into(&mut scene.role);
        let body = json!({ "name": "Another" });
        let ask = kw
            .post("/auth/organizations")
            .bearer(&scene.alice)
            .json(&body);
        let (answer, waited) = scene.against(NOTHING, || ask.send());
        assert_eq!(answer.status, 201, "{answer:?}");
        assert!(waited);
    }
);
