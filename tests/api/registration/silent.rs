//! Nothing of one's own tells whether an address is another's (E12): not the export, not a code of
//! one's own, not what is left of a quota.

use serde_json::{Value, json};

use super::addresses::signed_in;
use super::{ALICE, OPEN, alice, code_to, done, register};
use crate::organizations::{invite, make};
use crate::support::{Answer, PASSWORD, TestKeyward, text};

const BOB: &str = "bob@example.com";
const FREE: &str = "free@example.com";
const OWN: &str = "alice@new.example";

/// Somebody else, whose address is proven.
fn bob(kw: &TestKeyward) {
    assert_eq!(register(kw, BOB, PASSWORD).status, 202);
    let proof = json!({ "token": code_to(kw, BOB) });
    done(kw, "/auth/email/verify", &proof);
}

fn export(kw: &TestKeyward, access: &str) -> Value {
    let answer = kw.get("/auth/me/export").bearer(access).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn ask(kw: &TestKeyward, access: &str, path: &str, email: &str) {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = kw.post(path).bearer(access).json(&body).send();
    assert_eq!(answer.status, 202, "{answer:?}");
}

fn confirm(kw: &TestKeyward, code: &str) -> Answer {
    let body = json!({ "token": code });
    kw.post("/auth/email/change/confirm").json(&body).send()
}

/// What the export says of codes and mails, without the address that was asked for.
fn said(kw: &TestKeyward, access: &str, email: &str) -> String {
    let export = export(kw, access);
    let said = json!([export["codes"], export["mails"], export["auditEvents"]]);
    said.to_string().replace(email, "IT")
}

both!(
    e12_an_export_is_the_same_for_a_taken_and_a_free_address,
    OPEN,
    |kw| {
        bob(kw);
        alice(kw);
        let access = signed_in(kw, ALICE);
        for path in ["/auth/me/emails", "/auth/email/change"] {
            let mut each = Vec::new();
            for email in [BOB, FREE] {
                kw.execute("DELETE FROM one_time_codes", "DELETE FROM one_time_codes");
                kw.execute("DELETE FROM audit_events", "DELETE FROM audit_events");
                ask(kw, &access, path, email);
                each.push(said(kw, &access, email));
            }
            assert!(each[0].contains("IT"), "{path}: {each:?}");
            assert_eq!(each[0], each[1], "{path}");
        }
        // Nobody has the code of the taken one, and its owner was told.
        let told = kw.last_mail_to(BOB);
        assert_eq!(
            told.purpose,
            keyward::domain::mail_letter::LetterPurpose::AccountExists
        );
        assert_eq!(told.links(), [""; 0]);
    }
);

both!(
    e12_a_code_of_ones_own_ends_by_a_taken_address_as_by_a_free_one,
    OPEN,
    |kw| {
        bob(kw);
        alice(kw);
        for email in [BOB, FREE] {
            kw.advance(3600);
            let access = signed_in(kw, ALICE);
            ask(kw, &access, "/auth/email/change", OWN);
            let code = code_to(kw, OWN);
            ask(kw, &access, "/auth/email/change", email);
            confirm(kw, &code).refused(400, "INVALID_CODE");
        }
    }
);

both!(
    e12_a_quota_is_used_up_by_taken_addresses_as_by_free_ones,
    OPEN,
    |kw| {
        bob(kw);
        alice(kw);
        for email in [BOB, FREE] {
            kw.advance(3600);
            let access = signed_in(kw, ALICE);
            for _ in 0..3 {
                ask(kw, &access, "/auth/email/change", email);
            }
            let mails = kw.mails().len();
            ask(kw, &access, "/auth/email/change", OWN);
            assert_eq!(kw.mails().len(), mails, "{email}");
        }
    }
);

both!(
    e12_an_invitation_leaves_the_same_event_whoever_has_the_address,
    OPEN,
    |kw| {
        bob(kw);
        alice(kw);
        let access = signed_in(kw, ALICE);
        let acme = make(kw, &access, "Acme");
        let mut each = Vec::new();
        for email in [BOB, FREE] {
            assert_eq!(invite(kw, &access, &acme, (email, "viewer")).status, 202);
            let events = export(kw, &access)["auditEvents"].clone();
            let events = events.as_array().unwrap().iter();
            each.push(
                events
                    .filter(|it| text(it, "what") == "member_invited")
                    .count(),
            );
        }
        assert_eq!(each, [1, 2]);
        // Nor do the invitations that wait tell.
        let path = format!("/auth/organizations/{acme}/invitations");
        let listed = kw.get(&path).bearer(&access).send();
        let plain = listed.body.replace(BOB, "IT").replace(FREE, "IT");
        let listed: Value = serde_json::from_str(&plain).unwrap();
        let rows = listed["invitations"]
            .as_array()
            .or(listed["data"].as_array());
        let rows = rows.unwrap_or_else(|| panic!("{listed}"));
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0], rows[1]);
    }
);

both!(
    e12_what_is_left_to_a_client_tells_of_no_account,
    OPEN,
    |kw| {
        bob(kw);
        alice(kw);
        let access = signed_in(kw, ALICE);
        let acme = make(kw, &access, "Acme");
        let path = format!("/auth/organizations/{acme}/invitations");
        for (email, peer) in [(BOB, "203.0.113.7"), (FREE, "203.0.113.8")] {
            for number in 0..10 {
                let what = ["/auth/password/request", "/auth/email/verify/request"][number % 2];
                let asked = kw.post(what).peer(peer).json(&json!({ "email": email }));
                assert_eq!(asked.send().status, 204);
            }
            let body = json!({ "email": "new@example.com", "role": "viewer" });
            let invited = kw.post(&path).peer(peer).bearer(&access).json(&body).send();
            invited.refused(429, "REQUESTS_EXCEEDED");
        }
        assert_eq!(kw.count("invitations"), 0);
    }
);
