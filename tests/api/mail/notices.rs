//! What an owner is told of (M23), and only at an address that was proven.

use keyward::domain::mail_letter::LetterPurpose;
use keyward::service::accounts::administer;

use crate::support::{PASSWORD, account_of};

const ALICE: &str = "alice@example.com";

both!(m23_a_factor_that_was_taken_away_is_told, |kw| {
    let (access, _, _) = kw.with_factor(ALICE);
    assert_eq!(kw.mails().len(), 0, "the address was not proven");
    kw.sql("UPDATE accounts SET verified = TRUE");
    administer::reset_factor(&kw.kw, account_of(&access)).unwrap();
    let told = kw.last_mail_to(ALICE);
    assert_eq!(told.purpose, LetterPurpose::FactorChanged);
    assert_eq!(told.links().len(), 0);
    assert!(told.text.contains("2026-01-01 00:00 UTC"), "{}", told.text);
});

both!(
    a_change_of_password_is_told_with_the_browser_that_made_it,
    |kw| {
        kw.account(ALICE);
        kw.sql("UPDATE accounts SET verified = TRUE");
        let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
        let body = serde_json::json!({
            "currentPassword": PASSWORD,
            "newPassword": "another horse battery",
        });
        let answer = kw
            .post("/auth/password/change")
            .bearer(&access)
            .json(&body)
            .send();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            kw.last_mail_to(ALICE).purpose,
            LetterPurpose::PasswordChanged
        );
        // What is refused is not told.
        let again = kw
            .post("/auth/password/change")
            .bearer(&access)
            .json(&body)
            .send();
        assert_eq!(again.status, 401, "{again:?}");
        assert_eq!(kw.mails().len(), 1);
    }
);

both!(the_owner_is_told_of_a_key_in_their_name, |kw| {
    kw.account(ALICE);
    let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let make = |name: &str| {
        let body = serde_json::json!({ "name": name, "permissions": [] });
        let ask = kw.post("/auth/api-keys").bearer(&access).json(&body);
        ask.header("user-agent", "curl/1").send()
    };
    let made = make("ci");
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(kw.mails().len(), 0, "the address was not proven");
    kw.sql("UPDATE accounts SET verified = TRUE");
    let id = crate::support::text(&made.json(), "id");
    let path = format!("/auth/api-keys/{id}/rotate");
    assert_eq!(kw.post(&path).bearer(&access).send().status, 201);
    assert_eq!(kw.last_mail_to(ALICE).purpose, LetterPurpose::ApiKeyMade);
    assert_eq!(make("cd").status, 201);
    let told = kw.last_mail_to(ALICE);
    assert_eq!(told.purpose, LetterPurpose::ApiKeyMade);
    assert!(told.text.contains("\nBrowser: curl\n"), "{}", told.text);
    assert!(!told.text.contains("kwk_"), "{}", told.text);
    assert_eq!(told.links().len(), 0);
    // What is refused is not told, and neither is the end of a key.
    let mails = kw.mails().len();
    assert_eq!(make("ci").status, 409);
    let gone = kw.delete(&format!("/auth/api-keys/{id}")).bearer(&access);
    assert_eq!(gone.send().status, 204);
    // A machine reads no mail.
    let machine = kw.machine("ci-bot", &[]);
    kw.key(machine, &[]);
    assert_eq!(kw.mails().len(), mails);
});
