//! Haltian's fields of an organization: who is there, and what a manager does about it.

use std::fmt::Write as _;
use std::path::Path;

use keyward::domain::id::AccountId;
use keyward::domain::organization::MembershipState;
use serde_json::{Value, json};

use crate::graphql::{ALICE, DEMO, code, in_demo_as, join_demo, sign_in_to_demo};
use crate::support::{PASSWORD, TestKeyward, text};

const PATH: &str = "/v1/graphql";
const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";

/// What the document gives; nothing is refused.
#[track_caller]
fn data(kw: &TestKeyward, token: &str, document: &str) -> Value {
    let body = kw.asks(PATH, document, Some(token)).json();
    assert_eq!(body.get("errors"), None, "{document}: {body}");
    body["data"].clone()
}

#[track_caller]
fn refused(kw: &TestKeyward, token: &str, document: &str, said: &str) {
    let body = kw.asks(PATH, document, Some(token)).json();
    assert_eq!(code(&body), said, "{document}: {body}");
}

fn set_role(account: AccountId, role: &str) -> String {
    format!(
        "mutation {{ setUserRole(setUserRoleInput: {{ userId: \"{account}\", role: \"{role}\" }}) {{ success }} }}"
    )
}

fn remove(account: AccountId) -> String {
    format!("mutation {{ removeUser(removeUserInput: {{ userId: \"{account}\" }}) {{ success }} }}")
}

fn invite(email: &str, role: &str) -> String {
    format!(
        "mutation {{ inviteUser(inviteUserInput: {{ email: \"{email}\", role: \"{role}\" }}) {{ success }} }}"
    )
}

fn cancel(email: &str) -> String {
    format!(
        "mutation {{ cancelInvitation(cancelInvitationInput: {{ email: \"{email}\" }}) {{ success }} }}"
    )
}

both!(h_03_h_34_a_manager_sees_who_is_there, |kw| {
    let (alice, manager) = in_demo_as(kw, ALICE, "manager");
    let (bob, _) = in_demo_as(kw, BOB, "viewer");
    let found = data(
        kw,
        &manager,
        "{ organization { id name } users { id email role state } invitations { email } \
         roles { name permissions } viewer { id } }",
    );
    assert_eq!(found["organization"], json!({ "id": DEMO, "name": "demo" }));
    let user = |id: AccountId, email: &str, role: &str| json!({ "id": id, "email": email, "role": role, "state": "active" });
    let mut users = found["users"].as_array().unwrap().clone();
    users.sort_by_key(|it| text(it, "email"));
    assert_eq!(
        users,
        [user(alice, ALICE, "manager"), user(bob, BOB, "viewer")]
    );
    assert_eq!(found["invitations"], json!([]));
    let roles = found["roles"].as_array().unwrap();
    assert!(roles.iter().any(
        |role| role["name"] == "viewer" && role["permissions"] == json!(["organization:read"])
    ));
    // A page at a time.
    let first = data(kw, &manager, "{ users(first: 1) { id } }")["users"][0].clone();
    let next = format!(
        "{{ users(first: 1, after: \"{}\") {{ id }} }}",
        text(&first, "id")
    );
    let second = data(kw, &manager, &next)["users"][0].clone();
    assert_ne!(first, second);
    let next = format!("{{ users(after: \"{}\") {{ id }} }}", text(&second, "id"));
    assert_eq!(data(kw, &manager, &next)["users"], json!([]));
    for wrong in ["first: 0", "first: 101", "first: -1", "after: \"x\""] {
        let document = format!("{{ users({wrong}) {{ id }} }}");
        refused(kw, &manager, &document, "INVALID_PAYLOAD");
    }
    refused(
        kw,
        &manager,
        "{ invitations(after: \"x\") { email } }",
        "INVALID_PAYLOAD",
    );
});

both!(h_03_h_34_a_manager_invites_sets_roles_and_removes, |kw| {
    let (_, manager) = in_demo_as(kw, ALICE, "manager");
    let (bob, viewer) = in_demo_as(kw, BOB, "viewer");
    let done = |name: &str| json!({ name: { "success": true } });
    assert_eq!(
        data(kw, &manager, &invite(CAROL, "viewer")),
        done("inviteUser")
    );
    assert!(kw.last_mail_to(CAROL).link().contains("kwo1_"));
    let invited = data(kw, &manager, "{ invitations { email role } }");
    assert_eq!(
        invited["invitations"],
        json!([{ "email": CAROL, "role": "viewer" }])
    );
    assert_eq!(data(kw, &manager, &cancel(CAROL)), done("cancelInvitation"));
    assert_eq!(
        data(kw, &manager, "{ invitations { email } }")["invitations"],
        json!([])
    );
    refused(kw, &manager, &cancel(CAROL), "NOT_FOUND");

    assert_eq!(
        data(kw, &manager, &set_role(bob, "manager")),
        done("setUserRole")
    );
    // What grew is there with the next token; the old one lives.
    refused(
        kw,
        &viewer,
        &invite(CAROL, "viewer"),
        "GRAPHQL_VALIDATION_FAILED",
    );
    assert_eq!(
        data(kw, &sign_in_to_demo(kw, BOB), &invite(CAROL, "viewer")),
        done("inviteUser")
    );
    assert_eq!(data(kw, &manager, &remove(bob)), done("removeUser"));
    refused(kw, &viewer, "{ organization { id } }", "INVALID_TOKEN");
    refused(kw, &manager, &remove(bob), "NOT_FOUND");
});

// Nobody gives more than they have, or rules over whoever has more; nothing of it is done.
both!(o3_o4_a_manager_stays_below_admins_and_owners, |kw| {
    let (alice, manager) = in_demo_as(kw, ALICE, "manager");
    let (admin, _) = in_demo_as(kw, BOB, "admin");
    let (owner, _) = in_demo_as(kw, CAROL, "owner");
    let before = (kw.state(), kw.mails().len());
    for document in [
        set_role(alice, "admin"),
        set_role(alice, "owner"),
        set_role(admin, "viewer"),
        set_role(owner, "viewer"),
        remove(admin),
        remove(owner),
        invite("dave@example.com", "admin"),
    ] {
        refused(kw, &manager, &document, "FORBIDDEN");
    }
    for (document, said) in [
        (set_role(alice, "nothing"), "INVALID_PAYLOAD"),
        (invite("dave@example.com", "nothing"), "INVALID_PAYLOAD"),
        (invite("dave", "viewer"), "INVALID_PAYLOAD"),
        (invite(BOB, "viewer"), "CONFLICT"),
        (remove(AccountId(uuid::Uuid::nil())), "NOT_FOUND"),
        (cancel(BOB), "NOT_FOUND"),
    ] {
        refused(kw, &manager, &document, said);
    }
    assert_eq!((kw.state(), kw.mails().len()), before);
    // One change in a document: of two, none is done.
    let (bob, _) = in_demo_as(kw, "eve@example.com", "viewer");
    let state = kw.state();
    let two = format!(
        "mutation {{ a: removeUser(removeUserInput: {{ userId: \"{bob}\" }}) {{ success }} \
         b: removeUser(removeUserInput: {{ userId: \"{bob}\" }}) {{ success }} }}"
    );
    let body = kw.asks(PATH, &two, Some(&manager)).json();
    let said = body["errors"].to_string();
    assert!(said.contains("A document may hold one field"), "{body}");
    assert_eq!(
        (code(&body).as_str(), body.get("data")),
        ("INVALID_PAYLOAD", None)
    );
    assert_eq!(kw.state(), state, "graphql_08: nobody is removed");
});

// GraphQL's `ID` takes a whole number of any size for its digits.
both!(graphql_06_an_id_may_be_a_number, |kw| {
    let (_, manager) = in_demo_as(kw, ALICE, "manager");
    let before = kw.state();
    let by = |declared: &str, value: &str| {
        format!(
            "mutation{declared} {{ removeUser(removeUserInput: {{ userId: {value} }}) {{ success }} }}"
        )
    };
    let whole = "mutation($x: RemoveUserInput!) { removeUser(removeUserInput: $x) { success } }";
    let ask = |document: &str, x: Value| {
        let body = json!({ "query": document, "variables": { "x": x } });
        kw.asks_with(PATH, &body, Some(&manager)).json()
    };
    let literals = [
        "5",
        "-0",
        "2147483648",
        "99999999999999999999999999999999999999",
    ];
    for literal in literals {
        let body = ask(&by("", literal), json!(null));
        assert_eq!(code(&body), "NOT_FOUND", "{literal}: {body}");
        let body = ask(&by(&format!("($y: ID! = {literal})"), "$y"), json!(null));
        assert_eq!(code(&body), "NOT_FOUND", "{literal}: {body}");
    }
    for number in [
        json!(5),
        json!(-5),
        json!(1.0),
        json!(i64::MIN),
        json!(u64::MAX),
    ] {
        let body = ask(&by("($x: ID!)", "$x"), number.clone());
        assert_eq!(code(&body), "NOT_FOUND", "{number}: {body}");
        let body = ask(whole, json!({ "userId": number }));
        assert_eq!(code(&body), "NOT_FOUND", "{number}: {body}");
    }
    for literal in ["1.5", "true", "[]", "{}", "ENUM", "null"] {
        let body = ask(&by("", literal), json!(null));
        assert_eq!(
            code(&body),
            "GRAPHQL_VALIDATION_FAILED",
            "{literal}: {body}"
        );
    }
    for value in [json!(1.5), json!(true), json!([5]), json!({})] {
        let body = ask(&by("($x: ID!)", "$x"), value.clone());
        assert_eq!(code(&body), "GRAPHQL_VALIDATION_FAILED", "{value}: {body}");
    }
    assert_eq!(kw.state(), before);
});

// A role that lost a permission outdates the tokens of its holders; one that was lost by the
// database alone is refused by the act, whatever the token says.
both!(h_03_o6_the_database_has_the_last_word, |kw| {
    let (alice, manager) = in_demo_as(kw, ALICE, "manager");
    let text = format!("UPDATE memberships SET role = 'viewer' WHERE account_id = '{alice}'");
    kw.execute(&text, &text);
    refused(kw, &manager, "{ users { id } }", "FORBIDDEN");
    refused(kw, &manager, &invite(CAROL, "viewer"), "FORBIDDEN");
    assert_eq!(kw.mails().len(), 0);
});

/// An invitation is answered at the same beat whether the address has an account (E12).
#[test]
fn e12_an_invitation_tells_nothing_of_the_address_by_its_time() {
    let kw = TestKeyward::new();
    let (_, manager) = in_demo_as(&kw, ALICE, "manager");
    kw.add_verified(BOB);
    for email in [BOB, "nobody@example.com"] {
        let began = std::time::Instant::now();
        data(&kw, &manager, &invite(email, "viewer"));
        let beat = std::time::Duration::from_millis(25);
        assert!(began.elapsed() >= beat, "{email}: {:?}", began.elapsed());
    }
}

/// Kind of root, field, and how it is asked for. `{t}` is a viewer's id, `{n}` new each time.
pub const FIELDS: &[(&str, &str, &str)] = &[
    ("query", "organization", "{ name }"),
    ("query", "users", "{ id }"),
    ("query", "invitations", "{ email }"),
    ("query", "roles", "{ name }"),
    (
        "mutation",
        "inviteUser",
        "(inviteUserInput: { email: \"n{n}@example.com\", role: \"viewer\" }) { success }",
    ),
    (
        "mutation",
        "cancelInvitation",
        "(cancelInvitationInput: { email: \"w{n}@example.com\" }) { success }",
    ),
    (
        "mutation",
        "setUserRole",
        "(setUserRoleInput: { userId: \"{t}\", role: \"viewer\" }) { success }",
    ),
    (
        "mutation",
        "removeUser",
        "(removeUserInput: { userId: \"{t}\" }) { success }",
    ),
];

/// Somebody nobody signed in; a session in no organization, of an owner and of an administrator of
/// the service; one in another organization; one whose membership was suspended or ended; and
/// members' own.
const CALLERS: &[&str] = &[
    "nobody",
    "alone",
    "root",
    "elsewhere",
    "suspended",
    "removed",
    "viewer",
    "manager",
    "admin",
    "owner",
];

fn caller(kw: &TestKeyward, caller: &str, number: usize) -> Option<String> {
    let email = format!("c{number}@example.com");
    let state = |account: AccountId, state: MembershipState| {
        let word = state.as_str();
        let (_, owner) = in_demo_as(kw, &format!("b{number}@example.com"), "owner");
        let path = format!("/auth/organizations/{DEMO}/members/{account}");
        let ask = match state {
            MembershipState::Suspended => kw.ask("PATCH", &path).json(&json!({ "state": word })),
            _ => kw.delete(&path),
        };
        assert_eq!(ask.bearer(&owner).send().status, 204);
    };
    Some(match caller {
        "nobody" => return None,
        "alone" => {
            in_demo_as(kw, &email, "owner");
            kw.sign_in(&email, PASSWORD).tokens().0
        }
        "root" => {
            kw.add(&email, None, true);
            kw.sign_in(&email, PASSWORD).tokens().0
        }
        "elsewhere" => {
            in_demo_as(kw, &email, "owner");
            let access = kw.sign_in(&email, PASSWORD).tokens().0;
            let name = json!({ "name": format!("Other {number}") });
            let made = kw
                .post("/auth/organizations")
                .bearer(&access)
                .json(&name)
                .send();
            let body = json!({
                "email": email, "password": PASSWORD, "organizationId": text(&made.json(), "id"),
            });
            kw.post("/auth/login").json(&body).send().tokens().0
        }
        "suspended" | "removed" => {
            let (account, access) = in_demo_as(kw, &email, "owner");
            state(
                account,
                if caller == "removed" {
                    MembershipState::Active
                } else {
                    MembershipState::Suspended
                },
            );
            access
        }
        role => in_demo_as(kw, &email, role).1,
    })
}

const REVIEWED: &str = include_str!("organization.txt");

fn matrix() -> String {
    let kw = TestKeyward::new();
    let (_, inviter) = in_demo_as(&kw, "inviter@example.com", "owner");
    let mut head = format!("{:30}", "");
    for name in CALLERS {
        write!(head, "{name:27}").unwrap();
    }
    let (mut lines, mut number) = (vec![head.trim_end().to_owned()], 0);
    for (kind, field, rest) in FIELDS {
        let mut line = format!("{kind:10}{field:20}");
        for name in CALLERS {
            number += 1;
            let target = kw.add_verified(&format!("t{number}@example.com"));
            join_demo(&kw, target, "viewer");
            let token = caller(&kw, name, number);
            if *field == "cancelInvitation" {
                data(
                    &kw,
                    &inviter,
                    &invite(&format!("w{number}@example.com"), "viewer"),
                );
            }
            let rest = rest.replace("{t}", &target.to_string());
            let rest = rest.replace("{n}", &number.to_string());
            let document = format!("{kind} {{ {field} {rest} }}");
            let body = kw.asks(PATH, &document, token.as_deref()).json();
            let said = body["errors"][0]["extensions"]["code"].as_str();
            write!(line, "{:27}", said.unwrap_or("ok")).unwrap();
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n") + "\n"
}

#[test]
fn o11_every_field_of_an_organization_by_every_member_as_it_was_reviewed() {
    let found = matrix();
    if std::env::var_os("KEYWARD_WRITE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/graphql/organization.txt");
        std::fs::write(path, &found).unwrap();
        return;
    }
    assert_eq!(
        found, REVIEWED,
        "KEYWARD_WRITE=1 writes tests/api/graphql/organization.txt"
    );
}
