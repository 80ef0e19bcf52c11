//! The list of devices: what an account's owner sees of the living sessions, and ends.

use keyward::domain::session::EndReason;
use serde_json::{Value, json};

use crate::support::{Answer, BEGIN, Forge, PASSWORD, TestKeyward, account_of, text};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

fn list(kw: &TestKeyward, access: &str) -> Vec<Value> {
    let answer = kw.get("/auth/sessions").bearer(access).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["sessions"].as_array().unwrap().clone()
}

fn ids(kw: &TestKeyward, access: &str) -> Vec<String> {
    list(kw, access).iter().map(|it| text(it, "id")).collect()
}

fn id_of(access: &str) -> String {
    text(&Forge::claims_of(access), "sid")
}

fn end(kw: &TestKeyward, access: &str, id: &str) -> Answer {
    let path = format!("/auth/sessions/{id}");
    kw.delete(&path).bearer(access).send()
}

fn sign_in(kw: &TestKeyward, email: &str, device: &str, address: &str) -> (String, String) {
    let body = json!({ "email": email, "password": PASSWORD });
    let ask = kw
        .post("/auth/login")
        .peer(address)
        .header("user-agent", device);
    ask.json(&body).send().tokens()
}

fn count_of(kw: &TestKeyward, access: &str, event: &str) -> usize {
    let events = kw.audit(account_of(access));
    events.iter().filter(|what| *what == event).count()
}

both!(the_list_says_which_device_from_where_and_when, |kw| {
    kw.account(ALICE);
    let (_, refresh) = sign_in(kw, ALICE, "Laptop/1.0", "203.0.113.7");
    kw.advance(60);
    let (phone, _) = sign_in(kw, ALICE, "Phone/2.0", "[2001:db8::1]");
    kw.advance(60);
    let (laptop, _) = kw.refresh(&refresh).tokens();
    let (begun, used) = (BEGIN + 60_000, BEGIN + 120_000);
    let half_a_day = 12 * 3_600_000;
    // Youngest first; what is not known of a session, like its tokens, is not there.
    let wanted = json!([
        {
            "id": id_of(&phone), "device": "Phone/2.0", "address": "2001:db8::1",
            "organizationId": null,
            "created": begun, "lastUsed": begun, "expires": begun + half_a_day,
            "current": false, "amr": ["pwd"], "aal": 1, "actedBy": null,
        },
        {
            "id": id_of(&laptop), "device": "Laptop/1.0", "address": "203.0.113.7",
            "organizationId": null,
            "created": BEGIN, "lastUsed": used, "expires": used + half_a_day,
            "current": true, "amr": ["pwd"], "aal": 1, "actedBy": null,
        },
    ]);
    assert_eq!(json!(list(kw, &laptop)), wanted);
    let seen_by_phone: Vec<Value> = list(kw, &phone)
        .iter()
        .map(|it| it["current"].clone())
        .collect();
    assert_eq!(seen_by_phone, [json!(true), json!(false)]);
    // Whatever face one signed in by, it is the same list.
    kw.advance(1);
    let oisp = kw.oisp_login(ALICE);
    assert_eq!(
        ids(kw, &oisp),
        [id_of(&oisp), id_of(&phone), id_of(&laptop)]
    );
});

both!(the_list_has_the_living_sessions_of_the_caller_alone, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let (bob, _) = kw.signed_in(BOB);
    let (gone, _) = kw.login_without(ALICE).tokens();
    assert_eq!(kw.post("/auth/logout").bearer(&gone).send().status, 204);
    assert_eq!(ids(kw, &access), [id_of(&access)]);
    assert_eq!(ids(kw, &bob), [id_of(&bob)]);
    // Idle for too long: over, though no row says so yet.
    kw.advance(7 * 86_400);
    let (access, _) = kw.login_without(ALICE).tokens();
    assert_eq!(ids(kw, &access), [id_of(&access)]);
    assert_eq!(kw.count("sessions"), 4);
});

both!(
    an_owner_ends_a_session_and_it_is_over_at_once_everywhere,
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        let (lost, refresh) = kw.login_without(ALICE).tokens();
        let replica = kw.replica();
        assert_eq!(replica.me(&lost), 200);
        let answer = end(kw, &access, &id_of(&lost));
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!(count_of(kw, &access, "sessions_revoked"), 1);
        kw.assert_ended(&lost, &[&refresh], EndReason::Revoked);
        kw.get("/auth/me")
            .bearer(&lost)
            .send()
            .refused(401, "INVALID_TOKEN");
        replica.catch_up();
        replica
            .get("/auth/me")
            .bearer(&lost)
            .send()
            .refused(401, "INVALID_TOKEN");
        replica
            .refresh(&refresh)
            .refused(401, "INVALID_CREDENTIALS");
        assert_eq!(ids(kw, &access), [id_of(&access)]);
        assert_eq!((kw.me(&access), replica.me(&access)), (200, 200));
        // What is over is not ended again.
        let before = kw.state();
        end(kw, &access, &id_of(&lost)).refused(404, "NOT_FOUND");
        assert_eq!(kw.state(), before);
        assert_eq!(count_of(kw, &access, "sessions_revoked"), 1);
    }
);

both!(an_owner_may_end_the_session_that_asks, |kw| {
    let (access, refresh) = kw.signed_in(ALICE);
    assert_eq!(end(kw, &access, &id_of(&access)).status, 204);
    kw.assert_ended(&access, &[&refresh], EndReason::Revoked);
});

both!(
    anothers_session_is_no_different_from_one_that_never_was,
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        let (bob, bobs_refresh) = kw.signed_in(BOB);
        let (before, events) = (kw.state(), kw.count("audit_events"));
        let unknown = "0193a1b2-c3d4-8e5f-8a7b-9c0d1e2f3a4b";
        let mut bodies = Vec::new();
        for id in [
            &id_of(&bob),
            unknown,
            &account_of(&access).to_string(),
            "00000000-0000-0000-0000-000000000000",
            "x",
            "0",
            "%20",
            "%00",
            "' OR 1=1 --".replace(' ', "%20").as_str(),
            &id_of(&bob)[..35],
            &format!("{}0", id_of(&bob)),
        ] {
            let answer = end(kw, &access, id);
            answer.refused(404, "NOT_FOUND");
            bodies.push(answer.body);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        assert_eq!((kw.state(), kw.count("audit_events")), (before, events));
        assert_eq!(kw.me(&bob), 200);
        kw.refresh(&bobs_refresh).tokens();
    }
);

both!(of_many_who_end_a_session_one_does, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let (lost, _) = kw.login_without(ALICE).tokens();
    let replica = kw.replica();
    let path = format!("/auth/sessions/{}", id_of(&lost));
    let asks = (0..10).map(|number| {
        let to = if number % 2 == 0 { kw } else { &replica };
        to.delete(&path).bearer(&access)
    });
    let answers = kw.all(asks.collect());
    let ended = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!(ended, 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 204) {
        answer.refused(404, "NOT_FOUND");
    }
    assert_eq!(count_of(kw, &access, "sessions_revoked"), 1);
});

both!(an_owner_ends_all_sessions_but_this_one, |kw| {
    let (access, refresh) = kw.signed_in(ALICE);
    let (first, first_refresh) = kw.login_without(ALICE).tokens();
    let second = kw.oisp_login(ALICE);
    let (bob, _) = kw.signed_in(BOB);
    let replica = kw.replica();
    let answer = kw.delete("/auth/sessions").bearer(&access).send();
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(count_of(kw, &access, "sessions_revoked"), 1);
    kw.assert_ended(&first, &[&first_refresh], EndReason::Revoked);
    kw.assert_ended(&second, &[], EndReason::Revoked);
    replica.catch_up();
    for gone in [&first, &second] {
        replica
            .get("/auth/me")
            .bearer(gone)
            .send()
            .refused(401, "INVALID_TOKEN");
    }
    for alive in [&access, &bob] {
        assert_eq!((kw.me(alive), replica.me(alive)), (200, 200));
    }
    assert_eq!(ids(kw, &access), [id_of(&access)]);
    kw.refresh(&refresh).tokens();
    // With no other one there it is done all the same, and nothing of it is in the log.
    assert_eq!(
        kw.delete("/auth/sessions").bearer(&access).send().status,
        204
    );
    assert_eq!(kw.me(&access), 200);
    assert_eq!(count_of(kw, &access, "sessions_revoked"), 1);
});

both!(sessions_are_shown_to_nobody_without_a_live_token, |kw| {
    let (access, refresh) = kw.signed_in(ALICE);
    let (dead, _) = kw.login_without(ALICE).tokens();
    assert_eq!(end(kw, &access, &id_of(&dead)).status, 204);
    let before = kw.state();
    let one = format!("/auth/sessions/{}", id_of(&access));
    for (method, path) in [
        ("GET", "/auth/sessions"),
        ("DELETE", "/auth/sessions"),
        ("DELETE", &one),
    ] {
        kw.ask(method, path)
            .send()
            .refused(401, "INVALID_CREDENTIALS");
        // A refresh token is no access token, and a cookie is none either (C7).
        for bearer in [dead.as_str(), refresh.as_str()] {
            kw.ask(method, path)
                .bearer(bearer)
                .send()
                .refused(401, "INVALID_TOKEN");
        }
        kw.ask(method, path)
            .cookie(&refresh)
            .send()
            .refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!(kw.state(), before);
});
