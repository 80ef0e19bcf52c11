//! What ends a session, or changes what its tokens say, before its next refresh
//! (semantics 1, rule 2): a logout, an administrator, idleness, its absolute end.

use keyward::domain::session::{EndReason, Session};
use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{Forge, PASSWORD, TestKeyward, text};

both!(r7_after_a_logout_no_token_works, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    kw.advance(1);
    let body = json!({ "refresh_token": one });
    assert_eq!(kw.post("/auth/logout").json(&body).send().status, 204);
    let account = kw.session_of(&access).account;
    for seconds in [0, 31, 3600] {
        kw.advance(seconds);
        kw.assert_ended(&access, &[&zero, &one], EndReason::Logout);
    }
    assert_eq!(kw.audit(account).last().unwrap(), "logged_out");
});

both!(r8_r9_an_administrator_ends_every_session, |kw| {
    let password = keyward::domain::password::Password::parse("another good one").unwrap();
    let (_, bystander) = kw.signed_in("bystander@example.com");
    for (number, what) in ["password", "disabled", "sign out everywhere"]
        .iter()
        .enumerate()
    {
        let email = format!("alice{number}@example.com");
        let (first_access, first) = kw.signed_in(&email);
        let (second_access, second) = kw
            .refresh(&text(&kw.login(&email), "refresh_token"))
            .tokens();
        let id = administer::find(&kw.kw, &email).unwrap().id;
        match *what {
            "password" => administer::set_password(&kw.kw, id, &password).unwrap(),
            "disabled" => assert!(administer::set_enabled(&kw.kw, id, false).unwrap()),
            _ => assert!(administer::revoke_sessions(&kw.kw, id).unwrap()),
        }
        let sessions: Vec<Session> = administer::sessions_of(&kw.kw, id).unwrap();
        assert_eq!(sessions.len(), 2);
        kw.assert_ended(&first_access, &[&first], EndReason::Revoked);
        kw.assert_ended(&second_access, &[&second], EndReason::Revoked);
        administer::set_enabled(&kw.kw, id, true).unwrap();
        kw.assert_ended(&first_access, &[&first], EndReason::Revoked);
    }
    assert_eq!(kw.refresh(&bystander).outcome(), "fresh");
});

/// Something that the account's owner does, signed in with this access token.
type OwnAct = fn(&TestKeyward, &str);

fn change_password(kw: &TestKeyward, access: &str) {
    let answer = kw.change_password(access, PASSWORD, "another good one");
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn switch_on_factor(kw: &TestKeyward, access: &str) {
    kw.enrol(access);
}

fn sign_out_others(kw: &TestKeyward, access: &str) {
    let ask = kw.delete("/auth/sessions").bearer(access);
    assert_eq!(ask.send().status, 204);
}

// The session that acts goes on, the owner's others end; its own tokens stay what they
// were, so a password alone does not become two factors by a refresh (R24).
both!(r8_r24_what_the_owner_does_ends_the_others, |kw| {
    let acts: [(&str, OwnAct); 3] = [
        ("password@example.com", change_password),
        ("factor@example.com", switch_on_factor),
        ("sessions@example.com", sign_out_others),
    ];
    for (email, act) in acts {
        let (other_access, [zero, one]) = kw.refreshed(email);
        let login = kw.login(email);
        let (access, refresh) = (text(&login, "access_token"), text(&login, "refresh_token"));
        act(kw, &access);
        kw.assert_ended(&other_access, &[&zero, &one], EndReason::Revoked);
        if email != "sessions@example.com" {
            // The owner got another in its place.
            kw.assert_ended(&access, &[&refresh], EndReason::Revoked);
            continue;
        }
        assert_eq!(kw.me(&access), 200, "{email}");
        let (next, _) = kw.refresh(&refresh).tokens();
        let claims = Forge::claims_of(&next);
        assert_eq!(
            (&claims["aal"], &claims["amr"]),
            (&json!(1), &json!(["pwd"]))
        );
    }
});

both!(r9_an_account_that_is_gone, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let delete = format!(
        "DELETE FROM accounts WHERE id = '{}'",
        kw.session_of(&access).account
    );
    kw.execute(&delete, &delete);
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.me(&access), 401);
});

both!(
    r10_the_absolute_end_never_moves,
    &[("KEYWARD_SESSION_MAX_TTL", "7d")],
    |kw| {
        let (access, mut token) = kw.signed_in("alice@example.com");
        let end = kw.session_of(&access).absolute_expires_at;
        for _ in 0..27 {
            kw.advance(6 * 3600);
            token = kw.refresh(&token).tokens().1;
        }
        kw.advance(6 * 3600 - 60);
        let (last, token) = kw.refresh(&token).tokens();
        assert_eq!(
            Forge::claims_of(&last)["exp"],
            json!(end.seconds()),
            "nor outlives it"
        );
        assert_eq!(
            kw.session_of(&access).absolute_expires_at,
            end,
            "it never moved"
        );
        kw.advance(60);
        let before = kw.state();
        kw.refresh(&token).refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.state(), before);
    }
);

// That the session is over follows from its row; nothing is written to say so.
both!(r11_h13_twelve_idle_hours_are_the_end, |kw| {
    let (_, token) = kw.signed_in("alice@example.com");
    kw.advance(43_199);
    let (access, token) = kw.refresh(&token).tokens();
    kw.advance(43_200);
    let before = kw.state();
    let answer = kw.post("/auth/refresh").cookie(&token).send();
    answer.refused(401, "INVALID_CREDENTIALS");
    assert_eq!(
        answer.cookie().as_deref(),
        Some(""),
        "dead for good, so the cookie goes"
    );
    assert_eq!(kw.state(), before);
    assert_eq!(kw.session_of(&access).ended, None);
});

both!(r24_a_refresh_proves_nothing_new, |kw| {
    let (old, token) = kw.signed_in("alice@example.com");
    kw.advance(7200);
    let (new, _) = kw.refresh(&token).tokens();
    let (old, new) = (Forge::claims_of(&old), Forge::claims_of(&new));
    assert_eq!((&new["aal"], &new["amr"]), (&json!(1), &json!(["pwd"])));
    assert_eq!(new["auth_time"], old["auth_time"]);
});

// Decision 6: what was granted since is in the new token, what was taken is not.
both!(d27_a_refresh_reads_the_access_afresh, |kw| {
    let (access, mut token) = kw.signed_in("alice@example.com");
    let id = kw.session_of(&access).account;
    let access_after = |token: &mut String| {
        let (access, next) = kw.refresh(token).tokens();
        *token = next;
        let claims = Forge::claims_of(&access);
        (
            access,
            claims["roles"].clone(),
            claims["permissions"].clone(),
        )
    };
    kw.add("root@example.com", None, true);
    administer::grant_role(&kw.kw, id, "administrator").unwrap();
    let (admin, roles, permissions) = access_after(&mut token);
    assert_eq!(
        (roles, permissions),
        (json!(["administrator"]), json!(["admin"]))
    );
    administer::take_role(&kw.kw, id, "administrator").unwrap();
    kw.get("/auth/me")
        .bearer(&admin)
        .send()
        .refused(401, "TOKEN_EXPIRED");
    let (plain, roles, permissions) = access_after(&mut token);
    assert_eq!((roles, permissions), (json!([]), json!([])));
    assert_eq!(kw.me(&plain), 200);
});
