//! A code that undoes is no way back for whoever was in the account for a moment (L15).

use keyward::domain::mail_letter::LetterPurpose;
use serde_json::{Value, json};

use super::addresses::{
    MORE, THIRD, emails, has, make_primary, nobody, remove, signed_in, undo, undone,
};
use super::{ALICE, OPEN, OTHER, alice, code_to, done};
use crate::support::{Answer, PASSWORD, TestKeyward};

const EVIL: &str = "evil@thief.example";
const BEE: &str = "b@example.com";
const CEE: &str = "c@example.com";

/// The owner chooses a password by the mail of an address.
fn resets(kw: &TestKeyward, email: &str) -> String {
    done(kw, "/auth/password/request", &json!({ "email": email }));
    let choice = json!({ "token": code_to(kw, email), "password": OTHER });
    done(kw, "/auth/password/reset", &choice);
    kw.sign_in(email, OTHER).tokens().0
}

fn by_owner(kw: &TestKeyward, method: &str, path: &str, access: &str) -> Answer {
    let body: Value = json!({ "password": OTHER });
    kw.ask(method, path).bearer(access).json(&body).send()
}

/// The last letter to it has nothing to click, and there is no code for it.
#[track_caller]
fn told_without_code(kw: &TestKeyward, email: &str, purpose: LetterPurpose) {
    let told = kw.last_mail_to(email);
    assert_eq!(told.purpose, purpose);
    assert_eq!(told.links(), [""; 0], "{}", told.text);
    assert_eq!(codes_of(kw, email), 0);
}

fn codes_of(kw: &TestKeyward, email: &str) -> usize {
    let codes = kw.rows("SELECT address AS line FROM one_time_codes WHERE purpose = 'keep_email'");
    codes.iter().filter(|it| *it == email).count()
}

both!(
    l15_a_thief_who_removes_an_address_of_their_own_gets_no_code,
    OPEN,
    |kw| {
        alice(kw);
        kw.advance(60);
        let thief = signed_in(kw, ALICE);
        has(kw, &thief, EVIL);
        kw.advance(1);
        assert_eq!(remove(kw, &thief, EVIL).status, 204);
        told_without_code(kw, EVIL, LetterPurpose::AddressRemoved);
        assert_eq!(codes_of(kw, ALICE), 1, "the owner's stays good");
        resets(kw, ALICE);
        kw.advance(6 * 86_400);
        assert_eq!(
            emails(kw, &kw.sign_in(ALICE, OTHER).tokens().0),
            [format!("*{ALICE}")]
        );
        nobody(kw, EVIL);
    }
);

both!(
    l15_an_owner_who_removes_a_thiefs_address_mails_no_ticket,
    OPEN,
    |kw| {
        alice(kw);
        kw.advance(60);
        let access = signed_in(kw, ALICE);
        has(kw, &access, EVIL);
        kw.advance(60);
        let body = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
        let changed = kw
            .post("/auth/password/change")
            .bearer(&access)
            .json(&body)
            .send();
        let access = changed.tokens().0;
        let path = format!("/auth/me/emails/{EVIL}");
        assert_eq!(by_owner(kw, "DELETE", &path, &access).status, 204);
        told_without_code(kw, EVIL, LetterPurpose::AddressRemoved);
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
        nobody(kw, EVIL);
    }
);

both!(
    l15_a_thief_whose_address_was_the_primary_one_has_no_ticket_after_a_reset,
    OPEN,
    |kw| {
        alice(kw);
        kw.advance(60);
        let thief = signed_in(kw, ALICE);
        has(kw, &thief, EVIL);
        kw.advance(60);
        assert_eq!(make_primary(kw, &thief, EVIL).status, 204);
        kw.advance(60);
        // The primary one is told of this one, and has a code for it.
        let thief = signed_in(kw, EVIL);
        has(kw, &thief, THIRD);
        let ticket = code_to(kw, EVIL);
        kw.advance(60);
        kw.advance(3600);
        // A further address that stood before.
        let access = resets(kw, ALICE);
        undo(kw, &ticket).refused(400, "INVALID_CODE");
        assert!(codes_of(kw, ALICE) > 0);
        let path = format!("/auth/me/emails/{ALICE}/primary");
        assert_eq!(by_owner(kw, "POST", &path, &access).status, 204);
        told_without_code(kw, EVIL, LetterPurpose::AddressChanged);
        kw.advance(3600);
        let access = kw.sign_in(ALICE, OTHER).tokens().0;
        for email in [EVIL, THIRD] {
            let path = format!("/auth/me/emails/{email}");
            assert_eq!(by_owner(kw, "DELETE", &path, &access).status, 204);
            told_without_code(kw, email, LetterPurpose::AddressRemoved);
        }
        assert_eq!(emails(kw, &access), [format!("*{ALICE}")]);
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
    }
);

both!(
    l15_a_reset_by_the_young_address_ends_no_code_of_the_old_one,
    OPEN,
    |kw| {
        alice(kw);
        kw.advance(60);
        let thief = signed_in(kw, ALICE);
        has(kw, &thief, EVIL);
        let back = code_to(kw, ALICE);
        kw.advance(60);
        // The thief chooses a password by it, and makes it the primary one.
        let thief = resets(kw, EVIL);
        let path = format!("/auth/me/emails/{EVIL}/primary");
        assert_eq!(by_owner(kw, "POST", &path, &thief).status, 204);
        kw.advance(60);
        let thief = kw.sign_in(EVIL, OTHER).tokens().0;
        let path = format!("/auth/me/emails/{ALICE}");
        assert_eq!(by_owner(kw, "DELETE", &path, &thief).status, 204);
        // The owner's address is older, so its letters have codes; the first of them leaves it alone.
        assert_eq!(codes_of(kw, ALICE), 3);
        undone(kw, &back, ALICE);
        assert_eq!(emails(kw, &signed_in(kw, ALICE)), [format!("*{ALICE}")]);
        nobody(kw, EVIL);
    }
);

both!(l15_honest_undoing_goes_on, OPEN, |kw| {
    alice(kw);
    let access = signed_in(kw, ALICE);
    has(kw, &access, MORE);
    kw.advance(7 * 86_400);
    // A thief brings one, and removes an old one of the owner's.
    let thief = signed_in(kw, ALICE);
    has(kw, &thief, EVIL);
    assert_eq!(remove(kw, &thief, MORE).status, 204);
    let back = code_to(kw, MORE);
    kw.advance(60);
    undone(kw, &back, MORE);
    let access = signed_in(kw, MORE);
    let both = [ALICE, MORE].map(|it| emails(kw, &access).iter().any(|own| own.ends_with(it)));
    assert_eq!(both, [true, true]);
    // A, B, C: the code of B leaves B, young as it is.
    kw.advance(8 * 86_400);
    for email in [BEE, CEE] {
        kw.advance(60);
        // Of the further address, which no change moves.
        let access = signed_in(kw, MORE);
        let body = json!({ "email": email, "password": PASSWORD });
        let asked = kw.post("/auth/email/change").bearer(&access);
        assert_eq!(asked.json(&body).send().status, 202);
        let token = code_to(kw, email);
        done(kw, "/auth/email/change/confirm", &json!({ "token": token }));
    }
    let back = code_to(kw, BEE);
    undone(kw, &back, BEE);
    let list = emails(kw, &signed_in(kw, BEE));
    assert!(list.contains(&format!("*{BEE}")), "{list:?}");
    nobody(kw, CEE);
});

both!(
    l15_a_thief_who_put_the_owners_address_out_ends_none_of_its_codes,
    OPEN,
    |kw| {
        alice(kw);
        kw.advance(60);
        let thief = signed_in(kw, ALICE);
        has(kw, &thief, EVIL);
        let back = code_to(kw, ALICE);
        kw.advance(60);
        let thief = signed_in(kw, EVIL);
        let body = json!({ "email": BEE, "password": PASSWORD });
        let asked = kw.post("/auth/email/change").bearer(&thief);
        assert_eq!(asked.json(&body).send().status, 202);
        let token = json!({ "token": code_to(kw, BEE) });
        done(kw, "/auth/email/change/confirm", &token);
        kw.advance(60);
        // Beside this code is sealed that the owner's address was none of the account.
        let thief = signed_in(kw, EVIL);
        has(kw, &thief, CEE);
        assert_eq!([codes_of(kw, ALICE), codes_of(kw, BEE)], [2, 1]);
        kw.advance(60);
        resets(kw, EVIL);
        assert_eq!(codes_of(kw, ALICE), 2);
        undone(kw, &back, ALICE);
        assert_eq!(emails(kw, &signed_in(kw, ALICE)), [format!("*{ALICE}")]);
        for email in [EVIL, BEE, CEE] {
            nobody(kw, email);
        }
    }
);
