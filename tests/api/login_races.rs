//! A sign-in whose password was read before something changed, and whose session would
//! begin after it (row R15). The change wins: no session of the old state comes to life.

use std::sync::mpsc;

use keyward::domain::id::AccountId;
use keyward::domain::identifier::Identifier;
use keyward::domain::password::Password;
use keyward::domain::session::{Class, Client, Mode};
use keyward::service::issue::TokenSet;
use keyward::service::{Code, Keyward, administer, login};
use keyward::support::secret::ExposeSecret as _;
use serde_json::json;

use crate::support::{PASSWORD, TestKeyward, text};

const ONE_AT_A_TIME: &[(&str, &str)] = &[
    ("KEYWARD_PASSWORD_THREADS", "1"),
    ("KEYWARD_PASSWORD_QUEUE", "3"),
];

fn sign_in(kw: &Keyward, email: &str) -> Result<TokenSet, Code> {
    let (seat, _waiting) = kw.lane.seat().unwrap();
    let request = login::Request {
        identifier: Identifier::parse(email).unwrap(),
        password: Password::parse(PASSWORD).unwrap(),
        otp: None,
        device: None,
        mode: Mode::Json,
        class: Class::Standard,
        dialect: "test",
        client: Client::default(),
    };
    login::login(kw, &seat, request).map_err(|error| error.code)
}

/// A sign-in that has read the account and its record and waits for the one thread that
/// hashes, while `change` happens in another process.
fn sign_in_across(kw: &TestKeyward, email: &str, change: impl FnOnce()) -> Result<TokenSet, Code> {
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let (hasher, login) = (kw.kw.clone(), kw.kw.clone());
        scope.spawn(move || {
            let (seat, _waiting) = hasher.lane.seat().unwrap();
            let wait = move || {
                begun.send(()).unwrap();
                released.recv()
            };
            seat.run(wait).unwrap().unwrap();
        });
        has_begun.recv().unwrap();
        let login = scope.spawn(move || sign_in(&login, email));
        // Its attempt is counted after the record was read, before it is compared.
        let counted = (0..50_000).any(|_| kw.count("limits") == 1);
        assert!(counted, "the sign-in did not get so far");
        change();
        release.send(()).unwrap();
        login.join().unwrap()
    })
}

/// What happens meanwhile, by the account's owner (with an access token) or an
/// administrator.
type Change = fn(&TestKeyward, AccountId, &str);

fn disable(kw: &TestKeyward, account: AccountId, _: &str) {
    administer::set_enabled(&kw.kw, account, false).unwrap();
}

fn set_password(kw: &TestKeyward, account: AccountId, _: &str) {
    let password = Password::parse("another good one").unwrap();
    administer::set_password(&kw.kw, account, &password).unwrap();
}

fn sign_out_everywhere(kw: &TestKeyward, account: AccountId, _: &str) {
    administer::revoke_sessions(&kw.kw, account).unwrap();
}

fn change_password(kw: &TestKeyward, _: AccountId, owner: &str) {
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another good one" });
    let ask = kw.post("/auth/password/change").bearer(owner);
    assert_eq!(ask.json(&body).send().status, 204);
}

fn switch_on_factor(kw: &TestKeyward, _: AccountId, owner: &str) {
    kw.switch_on_factor(owner);
}

both!(r15_login_across_a_change, ONE_AT_A_TIME, |kw| {
    let replica = kw.replica();
    let changes: [(&str, Change, Code); 5] = [
        ("disable", disable, Code::InvalidCredentials),
        ("set", set_password, Code::InvalidCredentials),
        ("out", sign_out_everywhere, Code::InvalidCredentials),
        ("change", change_password, Code::InvalidCredentials),
        ("factor", switch_on_factor, Code::InvalidOtp),
    ];
    for (name, change, expected) in changes {
        let email = format!("{name}@example.com");
        let account = kw.account(&email);
        let owner = text(&kw.login(&email), "access_token");
        let attempts = kw.attempts(account);
        let given = sign_in_across(kw, &email, || change(&replica, account, &owner));

        kw.catch_up();
        let epoch = administer::find(&kw.kw, &email).unwrap().epoch;
        let owners = kw.session_of(&owner).id;
        for session in administer::sessions_of(&kw.kw, account).unwrap() {
            let over = session.is_over(epoch, kw.kw.clock.now());
            assert!(over || session.id == owners, "{name}: {session:?}");
        }
        match given {
            Err(code) => assert_eq!(code, expected, "{name}"),
            // On a machine so slow that the hash was done before the change.
            Ok(tokens) => assert_eq!(kw.me(tokens.access.expose_secret()), 401, "{name}"),
        }
        let succeeded = |attempts: &[String]| attempts.iter().filter(|it| *it == "ok").count();
        assert_eq!(
            succeeded(&kw.attempts(account)),
            succeeded(&attempts),
            "{name}"
        );
        // So that the next one begins with no attempt counted.
        let forget = "DELETE FROM limits";
        kw.execute(forget, forget);
    }
});
