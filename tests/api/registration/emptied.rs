//! What an account loses that is emptied, for nobody knows who filled it; and what it must not lose,
//! for anybody can register an address once more (L14, O5).

use serde_json::{Value, json};

use super::{ALICE, OPEN, OTHER, code_to, done, register};
use crate::organizations::{id_of, invite, make, member, person};
use crate::support::{PASSWORD, TestKeyward, text};

const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";

/// Whose address nobody has proven, with a username: the access token.
fn unproven(kw: &TestKeyward) -> String {
    let body = json!({ "email": ALICE, "username": "boss", "password": PASSWORD });
    let made = kw.post("/auth/register").json(&body).send();
    assert_eq!(made.status, 202, "{made:?}");
    kw.sign_in(ALICE, PASSWORD).tokens().0
}

/// A stranger registers the address once more, and its owner proves it and chooses a password.
fn proven(kw: &TestKeyward) {
    kw.advance(1200);
    assert_eq!(register(kw, ALICE, OTHER).status, 202);
    let proof = code_to(kw, ALICE);
    done(kw, "/auth/email/verify", &json!({ "token": proof }));
    chosen(kw);
}

fn chosen(kw: &TestKeyward) {
    let told = kw.last_mail_to(ALICE);
    assert!(told.text.contains("was emptied"), "{}", told.text);
    assert!(told.text.contains("organizations"), "{}", told.text);
    let choice = json!({ "token": code_to(kw, ALICE), "password": OTHER });
    done(kw, "/auth/password/reset", &choice);
}

fn reset(kw: &TestKeyward) {
    done(kw, "/auth/password/request", &json!({ "email": ALICE }));
    let choice = json!({ "token": code_to(kw, ALICE), "password": OTHER });
    done(kw, "/auth/password/reset", &choice);
    let told = kw.last_mail_to(ALICE);
    assert!(told.text.contains("was emptied"), "{}", told.text);
}

/// By an invitation to the service.
fn invited(kw: &TestKeyward) {
    kw.add("root@example.com", None, true);
    let root = kw.sign_in("root@example.com", PASSWORD).tokens().0;
    let asked = kw.post("/admin/invitations").bearer(&root);
    let asked = asked.json(&json!({ "email": ALICE })).send();
    assert_eq!(asked.status, 202, "{asked:?}");
    let choice = json!({ "token": code_to(kw, ALICE), "password": OTHER });
    done(kw, "/users/invite/accept", &choice);
}

const MEMBERS: &str = "SELECT organizations.name || ' ' || memberships.role || ' ' || accounts.email \
                       AS line FROM memberships JOIN accounts ON accounts.id = account_id JOIN \
                       organizations ON organizations.id = organization_id ORDER BY 1";

fn no_organization_goes(kw: &TestKeyward, way: fn(&TestKeyward)) {
    let carol = person(kw, CAROL);
    make(kw, &carol, "Carols");
    let alice = unproven(kw);
    let alone = make(kw, &alice, "Alone");
    let shared = make(kw, &alice, "Shared");
    member(kw, &alice, &shared, (BOB, "viewer"));
    let both = make(kw, &alice, "Both");
    let path = format!("/auth/organizations/{both}/accept");
    assert_eq!(invite(kw, &alice, &both, (CAROL, "owner")).status, 202);
    assert_eq!(kw.post(&path).bearer(&carol).send().status, 204);
    let key = kw.key_in(
        id_of(&alice),
        &["organization:read"],
        Some(alone.parse().unwrap()),
    );
    assert_eq!(kw.me(&key), 200);
    kw.advance(60);
    way(kw);
    assert_eq!(
        kw.rows(MEMBERS),
        [
            format!("Alone owner {ALICE}"),
            format!("Both owner {CAROL}"),
            format!("Carols owner {CAROL}"),
            format!("Shared owner {ALICE}"),
            format!("Shared viewer {BOB}"),
        ]
    );
    // What the one before held opens nothing.
    assert_eq!([kw.me(&alice), kw.me(&key)], [401, 401]);
    kw.sign_in(ALICE, PASSWORD)
        .refused(401, "INVALID_CREDENTIALS");
    // The owner owns them.
    let owner = kw.sign_in(ALICE, OTHER).tokens().0;
    for id in [&alone, &shared] {
        assert_eq!(
            invite(kw, &owner, id, ("new@example.com", "owner")).status,
            202
        );
    }
    // Nothing tells of the name that the one before chose.
    let me: Value = kw.get("/auth/me").bearer(&owner).send().json();
    assert_eq!(text(&me, "email"), ALICE);
    assert_eq!(me["username"], json!(null), "{me}");
    let said = kw.get("/auth/verify").bearer(&owner).send();
    assert_eq!(said.header("remote-user"), Some(ALICE));
    assert_eq!(kw.count("accounts WHERE username IS NOT NULL"), 0);
}

both!(
    o5_l14_a_strangers_registration_deletes_no_organization,
    OPEN,
    |kw| {
        no_organization_goes(kw, proven);
    }
);

both!(
    o5_l14_a_reset_by_who_never_proved_deletes_no_organization,
    OPEN,
    |kw| {
        no_organization_goes(kw, reset);
    }
);

both!(
    o5_l14_an_invitation_of_who_never_proved_deletes_no_organization,
    OPEN,
    |kw| {
        no_organization_goes(kw, invited);
    }
);

both!(
    o5_an_owner_who_was_invited_to_their_own_stays_the_owner,
    OPEN,
    |kw| {
        let alice = unproven(kw);
        let acme = make(kw, &alice, "Acme");
        assert_eq!(invite(kw, &alice, &acme, (ALICE, "viewer")).status, 202);
        let choice = json!({ "token": code_to(kw, ALICE), "password": OTHER });
        done(kw, "/users/invite/accept", &choice);
        assert_eq!(kw.rows(MEMBERS), [format!("Acme owner {ALICE}")]);
        assert_eq!(kw.count("invitations"), 0);
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
    }
);
