//! What an invitation, a suspension, an office and a session in one organization come to.

use std::sync::Barrier;

use keyward::domain::rights::permission::MEMBER_INVITE;
use keyward::service::Code;
use keyward::service::accounts::administer;
use serde_json::json;

use super::{
    ALICE, BOB, CAROL, change, id_of, invite, make, member, path_of, person, rows, sign_in_to,
};
use crate::support::{PASSWORD, TestKeyward, actor};

const ROOT: &str = "root@example.com";
const HOUR: &[(&str, &str)] = &[("KEYWARD_STEP_UP_MAX_AGE", "1h")];

fn accept(kw: &TestKeyward, access: &str, id: &str) -> crate::support::Answer {
    let path = format!("/auth/organizations/{id}/accept");
    kw.post(&path).bearer(access).send()
}

/// The code of the last mail to the address.
fn code_to(kw: &TestKeyward, to: &str) -> String {
    let link = kw.last_mail_to(to).link();
    link.split_once('=').unwrap().1.to_owned()
}

fn by_code(kw: &TestKeyward, code: &str) -> crate::support::Answer {
    let body = json!({ "token": code, "password": "another horse battery" });
    kw.post("/auth/invitations/accept").json(&body).send()
}

both!(
    an_office_asks_for_a_fresh_proof_in_organizations_too,
    HOUR,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let (bob, _) = member(kw, &alice, &acme, (BOB, "viewer"));
        kw.add(ROOT, None, true);
        let (_, refresh) = kw.sign_in(ROOT, PASSWORD).tokens();
        let own = kw.sign_in(ALICE, PASSWORD).tokens().1;
        kw.advance(3601);
        let root = kw.refresh(&refresh).tokens().0;
        let before = rows(kw);
        let organization = format!("/auth/organizations/{acme}");
        let asks = [
            (
                "PATCH",
                path_of(&acme, id_of(&bob)),
                json!({ "role": "owner" }),
            ),
            ("DELETE", path_of(&acme, id_of(&bob)), json!({})),
            (
                "POST",
                format!("{organization}/invitations"),
                json!({ "email": CAROL, "role": "owner" }),
            ),
            (
                "POST",
                format!("{organization}/roles"),
                json!({ "name": "new", "permissions": [] }),
            ),
            ("DELETE", organization.clone(), json!({})),
        ];
        for (method, path, body) in asks {
            let answer = kw.ask(method, &path).bearer(&root).json(&body).send();
            answer.refused(401, "STEP_UP_REQUIRED");
        }
        let answer = kw
            .delete(&format!("/v1/api/accounts/{acme}"))
            .bearer(&root)
            .send();
        assert_eq!(answer.status, 401, "{answer:?}");
        assert_eq!(rows(kw), before);
        // To look asks nothing, and neither does what one may as a member.
        assert_eq!(kw.get(&organization).bearer(&root).send().status, 200);
        let alice = kw.refresh(&own).tokens().0;
        assert_eq!(invite(kw, &alice, &acme, (CAROL, "viewer")).status, 202);
    }
);

both!(an_invitation_ends_with_the_right_of_whoever_invited, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (bob, _) = member(kw, &alice, &acme, (BOB, "admin"));
    let carol = person(kw, CAROL);
    let bobs = path_of(&acme, id_of(&bob));
    let lower = json!({ "role": "manager" });
    assert_eq!(invite(kw, &bob, &acme, (CAROL, "admin")).status, 202);
    let code = code_to(kw, CAROL);
    assert_eq!(change(kw, &alice, &bobs, &lower).status, 204);
    let before = rows(kw);
    accept(kw, &carol, &acme).refused(404, "NOT_FOUND");
    let body = json!({ "token": code });
    let asked = kw.post("/auth/invitations/accept").json(&body).send();
    asked.refused(400, "INVALID_CODE");
    assert_eq!(rows(kw), before);
    // A manager may invite a viewer; removed, suspended or disabled they may not.
    let (bob, _) = sign_in_to(kw, BOB, &acme).tokens();
    let dave = "dave@example.com";
    assert_eq!(invite(kw, &bob, &acme, (dave, "viewer")).status, 202);
    let code = code_to(kw, dave);
    let suspend = |state: &str| {
        let body = json!({ "state": state });
        assert_eq!(change(kw, &alice, &bobs, &body).status, 204);
    };
    suspend("suspended");
    by_code(kw, &code).refused(400, "INVALID_CODE");
    suspend("active");
    administer::set_enabled(&kw.kw, id_of(&bob), false).unwrap();
    by_code(kw, &code).refused(400, "INVALID_CODE");
    administer::set_enabled(&kw.kw, id_of(&bob), true).unwrap();
    let removed = kw.delete(&bobs).bearer(&alice).send();
    assert_eq!(removed.status, 204, "{removed:?}");
    by_code(kw, &code).refused(400, "INVALID_CODE");
    assert_eq!(kw.count("accounts WHERE email = 'dave@example.com'"), 0);
    // Alice may still, and says so.
    assert_eq!(invite(kw, &alice, &acme, (dave, "viewer")).status, 202);
    let joined = by_code(kw, &code_to(kw, dave));
    assert_eq!(joined.status, 204, "{joined:?}");
});

both!(
    an_invitation_to_the_service_ends_with_its_administrator,
    |kw| {
        let root = kw.add(ROOT, None, true);
        kw.add("second@example.com", None, true);
        for (way, email) in [("demoted", BOB), ("deleted", CAROL)] {
            administer::grant_role(&kw.kw, root, "administrator").unwrap();
            let (token, _) = kw.sign_in(ROOT, PASSWORD).tokens();
            let body = json!({ "email": email, "role": "administrator" });
            let invited = kw
                .post("/admin/invitations")
                .bearer(&token)
                .json(&body)
                .send();
            assert_eq!(invited.status, 202, "{invited:?}");
            let code = code_to(kw, email);
            if way == "demoted" {
                administer::take_role(&kw.kw, root, "administrator").unwrap();
            } else {
                keyward::service::accounts::delete_own_account::delete(&kw.kw, root).unwrap();
            }
            by_code(kw, &code).refused(400, "INVALID_CODE");
        }
        assert_eq!(kw.count("account_roles WHERE role = 'administrator'"), 1);
        assert_eq!(kw.count("accounts"), 1);
    }
);

both!(a_suspension_is_not_lifted_by_who_may_only_invite, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let role = json!({ "name": "gate", "permissions": [MEMBER_INVITE, "member:remove", "organization:read"] });
    let roles = format!("/auth/organizations/{acme}/roles");
    assert_eq!(
        kw.post(&roles).bearer(&alice).json(&role).send().status,
        201
    );
    let (gate, _) = member(kw, &alice, &acme, (CAROL, "gate"));
    let (bob, _) = member(kw, &alice, &acme, (BOB, "viewer"));
    let bobs = path_of(&acme, id_of(&bob));
    let suspended = change(kw, &alice, &bobs, &json!({ "state": "suspended" }));
    assert_eq!(suspended.status, 204, "{suspended:?}");
    let before = rows(kw);
    let bob = kw.sign_in(BOB, PASSWORD).tokens().0;
    let path = format!("/auth/organizations/{acme}/leave");
    kw.post(&path).bearer(&bob).send().refused(409, "CONFLICT");
    invite(kw, &gate, &acme, (BOB, "viewer")).refused(409, "CONFLICT");
    kw.delete(&bobs)
        .bearer(&gate)
        .send()
        .refused(403, "FORBIDDEN");
    assert_eq!(rows(kw), before);
    // Whoever may take back may remove.
    assert_eq!(kw.delete(&bobs).bearer(&alice).send().status, 204);
});

both!(
    a_session_in_one_organization_does_nothing_in_another,
    |kw| {
        let alice = person(kw, ALICE);
        let bobs = person(kw, BOB);
        let alpha = make(kw, &alice, "Alpha");
        let beta = make(kw, &bobs, "Beta");
        let gamma = make(kw, &bobs, "Gamma");
        assert_eq!(invite(kw, &bobs, &beta, (ALICE, "viewer")).status, 202);
        assert_eq!(accept(kw, &alice, &beta).status, 204);
        assert_eq!(invite(kw, &bobs, &gamma, (ALICE, "viewer")).status, 202);
        let (inside, _) = sign_in_to(kw, ALICE, &alpha).tokens();
        let before = rows(kw);
        for (id, deed) in [(&beta, "leave"), (&gamma, "leave"), (&gamma, "accept")] {
            let path = format!("/auth/organizations/{id}/{deed}");
            kw.post(&path)
                .bearer(&inside)
                .send()
                .refused(404, "NOT_FOUND");
        }
        for accepts in [true, false] {
            let path = format!("/v1/api/invites/{gamma}/status");
            let asked = kw.put(&path).bearer(&inside);
            let answer = asked.json(&json!({ "accept": accepts })).send();
            assert_eq!(answer.status, 404, "{answer:?}");
        }
        let body = json!({ "name": "Delta" });
        let made = kw
            .post("/auth/organizations")
            .bearer(&inside)
            .json(&body)
            .send();
        made.refused(403, "FORBIDDEN");
        assert_eq!(rows(kw), before);
        // A session that is in none does.
        let path = format!("/auth/organizations/{beta}/leave");
        assert_eq!(kw.post(&path).bearer(&alice).send().status, 204);
    }
);

both!(
    no_role_of_the_service_has_a_name_that_an_organization_gave,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let role = json!({ "name": "Auditor", "permissions": [] });
        let roles = format!("/auth/organizations/{acme}/roles");
        assert_eq!(
            kw.post(&roles).bearer(&alice).json(&role).send().status,
            201
        );
        kw.add(ROOT, None, true);
        let root = kw.sign_in(ROOT, PASSWORD).tokens().0;
        let body = json!({ "name": "auditor", "scope": "service", "permissions": [] });
        let made = kw.post("/auth/roles").bearer(&root).json(&body).send();
        made.refused(409, "CONFLICT");
        assert_eq!(kw.count("roles WHERE name = 'auditor'"), 0);
        let body = json!({ "name": "auditors", "scope": "service", "permissions": [] });
        let made = kw.post("/auth/roles").bearer(&root).json(&body).send();
        assert_eq!(made.status, 201, "{made:?}");
    }
);

both!(an_unproven_address_learns_of_no_invitation, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    kw.account(BOB);
    let bob = kw.sign_in(BOB, PASSWORD).tokens().0;
    let before = accept(kw, &bob, &acme);
    before.refused(404, "NOT_FOUND");
    assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
    let after = accept(kw, &bob, &acme);
    after.refused(404, "NOT_FOUND");
    assert_eq!(
        before.json()["errors"][0]["message"],
        after.json()["errors"][0]["message"]
    );
});

// On PostgreSQL the row may refer to what was there when the transaction looked.
both!(
    a_role_that_goes_while_somebody_is_invited_to_it_is_no_role,
    |kw| {
        kw.add(ROOT, None, true);
        let token = kw.sign_in(ROOT, PASSWORD).tokens().0;
        let replica = kw.replica();
        let alice = kw.account(ALICE);
        let by = actor(&kw.kw, &token);
        for round in 0..12 {
            let name = format!("role{round}");
            kw.define_role(&name, &["thing:read"]);
            let start = Barrier::new(2);
            let (start, by, name) = (&start, &by, &*name);
            let granted = std::thread::scope(|scope| {
                let (one, other) = (kw.kw.clone(), replica.kw.clone());
                let granting = scope.spawn(move || {
                    start.wait();
                    administer::grant_role(&one, alice, name)
                });
                scope.spawn(move || {
                    start.wait();
                    // Refused where it came second.
                    let _ = keyward::service::roles::of_service::remove_role((&other, by), name);
                });
                granting.join().unwrap()
            });
            let holds = kw.count(&format!("account_roles WHERE role = '{name}'"));
            match granted {
                // What was answered stays: the role is not taken along with the grant.
                Ok(_) => assert_eq!(holds, 1, "round {round}"),
                Err(error) => {
                    assert_eq!(error.code, Code::NotFound, "{error:?}");
                    assert_eq!(holds, 0, "round {round}");
                }
            }
        }
        assert_eq!(kw.count("account_roles WHERE role = 'administrator'"), 1);
    }
);
