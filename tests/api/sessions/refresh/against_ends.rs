//! A refresh against what ends its session, at the same instant, many times (rows R14,
//! R15). Whoever comes first, in the end nothing that the session gave is of any use.

use std::sync::Barrier;

use keyward::domain::id::AccountId;
use keyward::domain::password::Password;
use keyward::domain::rights::access::ADMINISTRATOR;
use keyward::domain::session::{Client, EndReason};
use keyward::service::accounts::administer;
use keyward::service::sessions::refresh;
use keyward::service::tokens::authenticate::authenticate;
use keyward::service::tokens::mint::TokenSet;
use keyward::service::{Code, Keyward};
use keyward::support::secret::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::support::{PASSWORD, TestKeyward, forged_refresh, text};

both!(r14_refresh_against_logout_by_refresh_token, |kw| {
    race_logout(kw, false);
});

both!(r14_refresh_against_logout_by_access_token, |kw| {
    race_logout(kw, true);
});

/// 250 sessions, each refreshed and signed out at the same time, by turns in one process
/// and in two.
fn race_logout(kw: &TestKeyward, by_access_token: bool) {
    const AT_ONCE: usize = 25;
    let replica = kw.replica();
    kw.account("alice@example.com");
    let credentials = json!({ "email": "alice@example.com", "password": PASSWORD });
    let (mut before, mut after) = (0, 0);
    for round in 0..10 {
        let other = if round % 2 == 0 { kw } else { &replica };
        // One after another: sign-ins of one account at once would be taken for guesses.
        let sessions: Vec<_> = (0..AT_ONCE)
            .map(|_| kw.post("/auth/login").json(&credentials).send().tokens())
            .collect();
        let mut asks = Vec::new();
        for (number, (access, refresh)) in sessions.iter().enumerate() {
            let body = json!({ "refresh_token": refresh });
            let logout = other.post("/auth/logout");
            let logout = if by_access_token {
                logout.bearer(access)
            } else {
                logout.json(&body)
            };
            asks.push(kw.post("/auth/refresh").json(&body));
            asks.push(logout);
            if number % 2 == 0 {
                let last = asks.len() - 1;
                asks.swap(last - 1, last);
            }
        }
        let answers = kw.all(asks);
        kw.catch_up();
        replica.catch_up();
        for (number, (access, refresh)) in sessions.iter().enumerate() {
            let (one, two) = (&answers[2 * number], &answers[2 * number + 1]);
            let (refreshed, logout) = if number % 2 == 0 {
                (two, one)
            } else {
                (one, two)
            };
            assert_eq!(logout.status, 204, "{logout:?}");
            let row = kw.session_of(access);
            assert_eq!(
                row.ended.map(|ending| ending.reason),
                Some(EndReason::Logout)
            );
            if refreshed.status == 200 {
                before += 1;
                assert_eq!(row.generation.number, 1);
                let (access, refresh) = refreshed.tokens();
                for process in [kw, &replica] {
                    assert_eq!(
                        process.me(&access),
                        401,
                        "signed before the end, dead after it"
                    );
                }
                kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
            } else {
                after += 1;
                refreshed.refused(401, "INVALID_CREDENTIALS");
                assert_eq!(row.generation.number, 0);
                kw.refresh(refresh).refused(401, "INVALID_CREDENTIALS");
            }
            assert_eq!(kw.session_of(access), row, "the end is written once");
        }
    }
    assert!(before > 0 && after > 0, "{before} before, {after} after");
}

/// Something an administrator does to an account.
type Act = fn(&Keyward, AccountId);

fn take_away_sessions(name: &str) -> Act {
    match name {
        "disable" => |kw, account| assert!(administer::set_enabled(kw, account, false).unwrap()),
        "set a password" => |kw, account| {
            let password = Password::parse("another good one").unwrap();
            administer::set_password(kw, account, &password).unwrap();
        },
        _ => |kw, account| assert!(administer::revoke_sessions(kw, account).unwrap()),
    }
}

/// Shows each refresh token in a thread of its own while `act` runs in another process:
/// what each was given, in their order.
fn race(
    kw: &TestKeyward,
    other: &TestKeyward,
    account: AccountId,
    tokens: &[String],
    act: Act,
) -> Vec<Option<TokenSet>> {
    let start = Barrier::new(tokens.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = tokens
            .iter()
            .map(|token| {
                let (kw, start, token) = (kw.kw.clone(), &start, token.clone().into());
                scope.spawn(move || {
                    start.wait();
                    let request = refresh::Request {
                        organization: None,
                        token,
                        client: Client::default(),
                    };
                    match refresh::refresh(&kw, &request) {
                        Ok(refreshed) => Some(refreshed.tokens),
                        Err(refused) => {
                            assert_eq!(refused.error.code, Code::InvalidCredentials);
                            None
                        }
                    }
                })
            })
            .collect();
        start.wait();
        act(&other.kw, account);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn is_good(kw: &TestKeyward, access: &SecretString) -> bool {
    authenticate(&kw.kw, access).is_ok()
}

both!(r15_refresh_against_what_ends_all_sessions, |kw| {
    let replica = kw.replica();
    for name in ["disable", "set a password", "sign out everywhere"] {
        let (mut before, mut after) = (0, 0);
        for round in 0..25 {
            let email = format!("{}{round}@example.com", name.replace(' ', "-"));
            let account = kw.account(&email);
            let sessions: Vec<_> = (0..4).map(|_| kw.login(&email)).collect();
            let tokens: Vec<_> = sessions
                .iter()
                .map(|it| text(it, "refresh_token"))
                .collect();
            let other = if round % 2 == 0 { kw } else { &replica };
            let given = race(kw, other, account, &tokens, take_away_sessions(name));
            kw.catch_up();
            replica.catch_up();
            for (session, given) in sessions.iter().zip(given) {
                let row = kw.session_of(&text(session, "access_token"));
                assert_eq!(
                    row.ended.map(|ending| ending.reason),
                    Some(EndReason::Revoked),
                    "{name}"
                );
                assert_eq!(row.generation.number, u32::from(given.is_some()));
                if let Some(tokens) = given {
                    before += 1;
                    assert!(!is_good(kw, &tokens.access), "{name}");
                    assert!(!is_good(&replica, &tokens.access), "{name}");
                } else {
                    after += 1;
                }
                let last = forged_refresh(row.id, row.generation.number, &row.salt);
                kw.refresh(&last).refused(401, "INVALID_CREDENTIALS");
            }
        }
        assert_eq!(before + after, 100);
    }
});

both!(r15_refresh_against_the_loss_of_a_role, |kw| {
    let replica = kw.replica();
    kw.add("root@example.com", None, true);
    for round in 0..50 {
        let email = format!("alice{round}@example.com");
        let account = kw.add(&email, None, true);
        let sessions: Vec<_> = (0..4).map(|_| kw.login(&email)).collect();
        let tokens: Vec<_> = sessions
            .iter()
            .map(|it| text(it, "refresh_token"))
            .collect();
        let other = if round % 2 == 0 { kw } else { &replica };
        let given = race(kw, other, account, &tokens, |kw, account| {
            administer::take_role(kw, account, ADMINISTRATOR).unwrap();
        });
        kw.catch_up();
        replica.catch_up();
        for (session, given) in sessions.iter().zip(given) {
            let tokens = given.expect("no session ends by it");
            for process in [kw, &replica] {
                assert_eq!(process.me(&text(session, "access_token")), 401);
                if let Ok(principal) = authenticate(&process.kw, &tokens.access) {
                    assert!(
                        !principal.claims.access().is_admin(),
                        "a lost right came back"
                    );
                }
            }
            let (access, _) = kw.refresh(tokens.refresh.expose_secret()).tokens();
            for process in [kw, &replica] {
                let principal = authenticate(&process.kw, &access.clone().into()).unwrap();
                assert!(!principal.claims.access().is_admin());
            }
        }
    }
});
