//! A secret that was compared before something changed, and whose use would begin after
//! it (row R15). The change wins: no session of the old state comes to life, and nobody
//! acts by a password that is no longer the account's.

use std::thread::ScopedJoinHandle;

use diesel::connection::SimpleConnection as _;
use keyward::domain::id::AccountId;
use keyward::domain::password::Password;
use keyward::service::accounts::administer;
use keyward::service::accounts::change_password::{NewPassword, change_password};
use keyward::service::second_factor::confirm::{self, Confirmation};
use keyward::service::second_factor::own_session::OwnSession;
use keyward::service::sessions::login;
use keyward::service::tokens::mint::TokenSet;
use keyward::service::{Code, Keyward};
use keyward::support::secret::ExposeSecret as _;
use serde_json::json;

use crate::support::{PASSWORD, TestKeyward, actor, login_request, shut, text, wait_until};

const NEW: &str = "another good one";

const ONE_AT_A_TIME: &[(&str, &str)] = &[
    ("KEYWARD_PASSWORD_THREADS", "1"),
    ("KEYWARD_PASSWORD_QUEUE", "3"),
];

/// `device`: the mark of a browser that signed in before.
fn sign_in(kw: &Keyward, email: &str, device: Option<String>) -> Result<TokenSet, Code> {
    let (seat, _waiting) = kw.lane.seat().unwrap();
    let request = login::Request {
        device,
        ..login_request(email)
    };
    login::login(kw, &seat, request).map_err(|error| error.code)
}

/// The holder of this access token sets another password.
fn set_own_password(kw: &Keyward, access: &str, new: &str) -> Result<(), Code> {
    let (seat, _waiting) = kw.lane.seat().unwrap();
    let [present, new] = [PASSWORD, new].map(|text| Password::parse(text).unwrap());
    let otp = None;
    let typed = NewPassword { present, new, otp };
    let changed = change_password(kw, &seat, &actor(kw, access), &typed);
    changed.map(drop).map_err(|error| error.code)
}

/// Runs `act`, which has read the record of a password and waits for a thread that
/// hashes, while `change` happens in another process.
fn across<T: Send>(
    kw: &TestKeyward,
    act: impl FnOnce(&Keyward) -> T + Send,
    change: impl FnOnce(),
) -> T {
    // The thread of the lane, and that which helps it out after a second.
    let closed = shut(&kw.kw);
    std::thread::scope(|scope| {
        let actor = kw.kw.clone();
        let act = scope.spawn(move || act(&actor));
        // An attempt is counted after the record was read, before it is compared.
        wait_until(|| kw.count("limits") == 1);
        change();
        drop(closed);
        act.join().unwrap()
    })
}

/// What happens meanwhile, by the account's owner (with an access token) or by an
/// administrator.
type Change = fn(&TestKeyward, AccountId, &str);

fn disable(kw: &TestKeyward, account: AccountId, _: &str) {
    administer::set_enabled(&kw.kw, account, false).unwrap();
}

fn set_password(kw: &TestKeyward, account: AccountId, _: &str) {
    let password = Password::parse(NEW).unwrap();
    administer::set_password(&kw.kw, account, &password).unwrap();
}

fn sign_out_everywhere(kw: &TestKeyward, account: AccountId, _: &str) {
    administer::revoke_sessions(&kw.kw, account).unwrap();
}

fn by_its_owner(kw: &TestKeyward, _: AccountId, owner: &str) {
    let answer = kw.change_password(owner, PASSWORD, NEW);
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn switch_on_factor(kw: &TestKeyward, _: AccountId, owner: &str) {
    kw.enrol(owner);
}

/// That of the account's sessions no other lives than the one that the owner got in the place
/// of his, where he got one.
#[track_caller]
fn assert_only(kw: &TestKeyward, account: AccountId, renewed: bool, given: Result<TokenSet, Code>) {
    kw.catch_up();
    let account = administer::find(&kw.kw, &account.to_string()).unwrap();
    let mut living = 0;
    for session in administer::sessions_of(&kw.kw, account.id).unwrap() {
        let over = session.is_over(account.epoch, kw.kw.clock.now());
        living += i32::from(!over);
    }
    assert_eq!(living, i32::from(renewed));
    if let Ok(tokens) = given {
        let (access, refresh) = (&tokens.access, &tokens.refresh);
        assert_eq!(kw.me(access.expose_secret()), 401);
        let answer = kw.refresh(refresh.expose_secret());
        answer.refused(401, "INVALID_CREDENTIALS");
    }
}

both!(r15_login_across_a_change, ONE_AT_A_TIME, |kw| {
    let changes: [(&str, Change, Code); 5] = [
        ("disable@example.com", disable, Code::InvalidCredentials),
        ("set@example.com", set_password, Code::InvalidCredentials),
        (
            "out@example.com",
            sign_out_everywhere,
            Code::InvalidCredentials,
        ),
        ("own@example.com", by_its_owner, Code::InvalidCredentials),
        // As after every change that ends all: what was compared is of an epoch that is over.
        (
            "factor@example.com",
            switch_on_factor,
            Code::InvalidCredentials,
        ),
    ];
    for (email, change, expected) in changes {
        let account = kw.account(email);
        let owner = text(&kw.login(email), "access_token");
        kw.advance(1);
        let replica = kw.replica();
        let sign_in = |kw: &Keyward| sign_in(kw, email, None);
        let given = across(kw, sign_in, || change(&replica, account, &owner));
        assert_eq!(given.as_ref().err(), Some(&expected), "{email}");
        let renewed = email.starts_with("own") || email.starts_with("factor");
        assert_only(kw, account, renewed, given);
        let forget = "DELETE FROM limits";
        kw.execute(forget, forget);
    }
});

// Somebody with the old password and a session of his own must not win the account by
// changing it at the same time as its owner.
both!(r15_two_changes_of_one_password, ONE_AT_A_TIME, |kw| {
    let account = kw.account("alice@example.com");
    let [owner, thief] = [(); 2].map(|()| text(&kw.login("alice@example.com"), "access_token"));
    kw.advance(1);
    let replica = kw.replica();
    let stolen = |kw: &Keyward| set_own_password(kw, &thief, "the thief's own one");
    let given = across(kw, stolen, || by_its_owner(&replica, account, &owner));
    assert_eq!(given, Err(Code::InvalidToken), "the session is over");
    kw.catch_up();
    // Both are out; the owner got another session.
    assert_eq!((kw.me(&owner), kw.me(&thief)), (401, 401));
    kw.advance(1000);
    assert_eq!(kw.sign_in("alice@example.com", NEW).status, 200);
});

/// The mark that a browser is given which signs in with a cookie.
fn marked(kw: &TestKeyward, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD, "mode": "cookie" });
    let answer = kw.post("/auth/login").json(&body).send();
    let mark = answer.set_cookies().into_iter().find_map(|cookie| {
        let mark = cookie.strip_prefix("__Host-keyward_device=")?;
        mark.split(';').next()
    });
    mark.unwrap().to_owned()
}

/// Begins a sign-in, and a change in another process once the sign-in has made all its
/// checks and written nothing yet; lets it go on when the change is done or waits for it.
fn in_the_midst(
    kw: &TestKeyward,
    email: &str,
    change: impl FnOnce() + Send,
) -> Result<TokenSet, Code> {
    // From a browser with a budget of attempts of its own: else they would wait for each
    // other there.
    let device = marked(kw, email);
    kw.execute(
        "",
        "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;
         CREATE TRIGGER gate BEFORE INSERT ON sessions
         FOR EACH ROW EXECUTE FUNCTION gate()",
    );
    let mut gate = kw.kw.store.own_reader().unwrap();
    gate.batch_execute("SELECT pg_advisory_lock(7)").unwrap();
    let waiting = || {
        kw.count(
            "pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
    };
    let given = std::thread::scope(|scope| {
        let actor = kw.kw.clone();
        let sign_in = scope.spawn(move || sign_in(&actor, email, Some(device)));
        wait_until(|| waiting() == 1);
        let change: ScopedJoinHandle<()> = scope.spawn(change);
        wait_until(|| change.is_finished() || waiting() == 2);
        gate.batch_execute("SELECT pg_advisory_unlock(7)").unwrap();
        change.join().unwrap();
        sign_in.join().unwrap()
    });
    kw.execute("", "DROP FUNCTION gate CASCADE");
    given
}

// On PostgreSQL transactions run side by side: what one has checked, another may change
// before it commits, unless they wait for each other. (SQLite has one writer.)
#[test]
fn r15_login_in_the_midst_of_a_change_postgres() {
    let Some(kw) = TestKeyward::postgres(&[]) else {
        return;
    };
    for email in ["own@example.com", "factor@example.com"] {
        let account = kw.account(email);
        let owner = text(&kw.login(email), "access_token");
        kw.advance(1);
        let replica = kw.replica();
        let other = replica.kw.clone();
        let given = if email.starts_with("own") {
            let change = || set_own_password(&other, &owner, NEW).unwrap();
            in_the_midst(&kw, email, change)
        } else {
            let secret = text(&replica.begin_enrolment(&owner).json(), "secret");
            let typed = Confirmation {
                code: replica.code(&secret, 0).into(),
                secret: None,
                own_session: OwnSession::Renewed,
            };
            let owner = actor(&other, &owner);
            let confirm = || {
                confirm::confirm(&other, &owner, &typed).unwrap();
            };
            in_the_midst(&kw, email, confirm)
        };
        assert_only(&kw, account, true, given);
    }
}
