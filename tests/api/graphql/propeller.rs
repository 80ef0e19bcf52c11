//! Propeller's document (seed P).

use keyward::domain::identifier::Email;
use keyward::domain::password::Password;
use keyward::service::accounts::administer::{self, NewAccount};
use serde_json::{Value, json};

use crate::graphql::{ALICE, OPEN, alice, code, seeds};
use crate::support::{Forge, PASSWORD, TestKeyward, text};

const START: &str = "mutation StartSession { startSession { session { isAnonymous email accessToken refreshToken expirationTime } } }";
const VIEWER: &str = "{ viewer { id userId firstName middleName lastName email phone gender company parentId isAnonymous } }";

fn start(kw: &TestKeyward) -> Value {
    kw.field(START, None, "startSession")["session"].clone()
}

fn exchange(kw: &TestKeyward, token: &str) -> Value {
    let document = "mutation($t: String!) { exchangeRefreshToken(input: { refreshToken: $t }) \
                    { session { isAnonymous accessToken refreshToken expirationTime } } }";
    let body = json!({ "query": document, "variables": { "t": token } });
    kw.asks_with("/graphql", &body, None).json()
}

fn subject(token: &str) -> String {
    text(&Forge::claims_of(token), "sub")
}

both!(p02_p17_p18_p19_login_to_the_letter, OPEN, |kw| {
    let register = seeds::PROPELLER_USER_REGISTER.replace("sander123", "sander");
    kw.field(&register, None, "userRegister");
    let session = kw.field(seeds::PROPELLER_LOGIN, None, "login")["session"].clone();
    let members: Vec<_> = session.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "isAnonymous",
            "email",
            "accessToken",
            "refreshToken",
            "expirationTime"
        ]
    );
    assert_eq!(session["isAnonymous"], json!(false));
    assert_eq!(session["email"], json!("sander@propel.us"));
    assert_eq!(session["expirationTime"], json!("2026-01-01T00:15:00.000Z"));
    let token = text(&session, "accessToken");
    let end = &Forge::claims_of(&token)["exp"];
    assert_eq!(end, &json!(kw.kw.clock.now().seconds() + 900));
    assert_eq!(kw.me(&token), 200);
});

both!(p03_p04_a_refresh_token_outlives_its_access_token, |kw| {
    let (access, refresh) = alice(kw);
    kw.advance(906);
    assert_eq!(kw.me(&access), 401);
    let session = exchange(kw, &refresh)["data"]["exchangeRefreshToken"]["session"].clone();
    assert_eq!(kw.me(&text(&session, "accessToken")), 200);
    assert_ne!(text(&session, "refreshToken"), refresh);
    assert_eq!(session["expirationTime"], json!("2026-01-01T00:30:06.000Z"));
    let said = exchange(kw, "junk");
    assert_eq!(code(&said), "INVALID_CREDENTIALS");
    assert_eq!(said["data"], json!(null));
});

both!(p05_p06_p21_p38_guests_begin_and_stay_guests, OPEN, |kw| {
    let session = start(kw);
    assert_eq!(
        (&session["isAnonymous"], &session["email"]),
        (&json!(true), &json!(null))
    );
    let token = text(&session, "accessToken");
    assert_eq!(
        kw.get("/auth/me").bearer(&token).send().json()["isAnonymous"],
        json!(true)
    );
    let viewer = kw.field(VIEWER, Some(&token), "viewer");
    assert_eq!(viewer["isAnonymous"], json!(true));
    kw.advance(906);
    let next =
        exchange(kw, &text(&session, "refreshToken"))["data"]["exchangeRefreshToken"]["session"]
            .clone();
    assert_eq!(next["isAnonymous"], json!(true));
    assert_eq!(subject(&text(&next, "accessToken")), subject(&token));
    let other = text(&start(kw), "accessToken");
    assert_ne!(subject(&other), subject(&token));
});

#[test]
fn p05_without_guests_nobody_begins_one() {
    let kw = TestKeyward::with(&[("KEYWARD_GUESTS", "off")]);
    let before = kw.state();
    assert_eq!(code(&kw.graphql(START, None)), "FORBIDDEN");
    assert_eq!(kw.state(), before);
}

both!(p08_to_p11_p13_to_p16_the_seeds_registration, OPEN, |kw| {
    let guest = start(kw);
    let (guest_access, guest_refresh) = (text(&guest, "accessToken"), text(&guest, "refreshToken"));
    let made = kw.field(
        seeds::PROPELLER_USER_REGISTER,
        Some(&guest_access),
        "userRegister",
    );
    let token = text(&made["session"], "accessToken");
    assert_eq!(made["user"]["id"], made["user"]["userId"]);
    assert_eq!(
        made["user"]["id"],
        json!(subject(&guest_access)),
        "the same account"
    );
    assert_eq!(subject(&token), subject(&guest_access));
    assert_ne!(token, guest_access);
    assert_eq!((kw.me(&guest_access), kw.me(&token)), (401, 200));
    assert_eq!(code(&exchange(kw, &guest_refresh)), "INVALID_CREDENTIALS");
    let viewer = kw.field(VIEWER, Some(&token), "viewer");
    let id = &made["user"]["id"];
    assert_eq!(
        viewer,
        json!({
            "id": id, "userId": id, "firstName": "John", "middleName": null, "lastName": "Doe",
            "email": "sander123@propel.us", "phone": "020-6717171", "gender": "M",
            "company": "Propeller", "parentId": 109, "isAnonymous": false,
        })
    );
    let login = seeds::PROPELLER_LOGIN.replace("sander@", "sander123@");
    kw.field(&login, None, "login");
});

both!(
    p12_a_taken_address_is_an_error_and_changes_nothing,
    OPEN,
    |kw| {
        kw.field(seeds::PROPELLER_USER_REGISTER, None, "userRegister");
        let before = kw.state();
        let again = seeds::PROPELLER_USER_REGISTER.replace("secret_password", "another_password");
        let said = kw.graphql(&again, None);
        assert_eq!(code(&said), "CONFLICT");
        assert_eq!(said["data"], json!(null));
        let error = &said["errors"][0]["extensions"]["exception"]["errorInfo"]["code"];
        assert_eq!(error, &json!("auth/email-already-exists"));
        assert_eq!(kw.state(), before);
        let login = again.replace("secret_password", "another_password");
        let _ = login;
        assert_eq!(
            code(&kw.graphql_login("sander123@propel.us", "another_password")),
            "INVALID_CREDENTIALS"
        );
    }
);

both!(
    p_09_words_and_numbers_of_the_input_are_checked,
    OPEN,
    |kw| {
        let before = kw.state();
        for (was, is, why) in [
            (
                "gender: M",
                "gender: X",
                "\"gender\" must be one of [M, F, U]",
            ),
            (
                "sander123@propel.us",
                "sander123",
                "\"email\" must be a valid email",
            ),
            ("secret_password", "short", "\"password\" "),
        ] {
            let said = kw.graphql(&seeds::PROPELLER_USER_REGISTER.replace(was, is), None);
            assert_eq!(code(&said), "INVALID_PAYLOAD");
            let reason = text(&said["errors"][0]["extensions"], "reason");
            assert!(reason.starts_with(why), "{reason}");
        }
        let said = kw.graphql(
            &seeds::PROPELLER_USER_REGISTER.replace("parentId: 109", "parentId: \"109\""),
            None,
        );
        assert_eq!(code(&said), "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(kw.state(), before);
    }
);

#[test]
fn o30_where_addresses_must_be_proven_a_registration_gives_no_session() {
    let mut settings = OPEN.to_vec();
    settings.push(("KEYWARD_REQUIRE_VERIFIED_EMAIL", "true"));
    let kw = TestKeyward::with(&settings);
    let made = kw.field(seeds::PROPELLER_USER_REGISTER, None, "userRegister");
    assert_eq!(made["session"], json!(null));
    assert!(made["user"]["id"].is_string(), "{made}");
    // Nobody tried to sign in: nothing counts as a guess, and none is left out.
    let account = text(&made["user"], "id").parse().unwrap();
    assert_eq!(kw.attempts(account), [""; 0]);
    let counted = kw.counted(account);
    assert!(
        counted.iter().all(|(what, _)| !what.contains("login")),
        "{counted:?}"
    );
}

both!(p20_a_sign_in_takes_the_place_of_the_guest, OPEN, |kw| {
    kw.account(ALICE);
    let guest = text(&start(kw), "accessToken");
    let document = format!(
        "mutation {{ login(input: {{ email: \"{ALICE}\", password: \"{PASSWORD}\" }}) {{ session {{ isAnonymous accessToken }} }} }}"
    );
    let session = kw.field(&document, Some(&guest), "login")["session"].clone();
    assert_eq!(session["isAnonymous"], json!(false));
    assert_ne!(subject(&text(&session, "accessToken")), subject(&guest));
    assert_eq!(kw.me(&guest), 401, "the guest's session ended");
});

// The original's SDK selects members; who asks as before types had names is answered as before.
both!(decision_9_logout_ends_the_session, |kw| {
    for (number, (document, answer)) in [
        (
            "mutation { logout { success } }",
            json!({ "logout": { "success": true } }),
        ),
        ("mutation { logout }", json!({ "logout": true })),
        ("mutation Out { bye: logout }", json!({ "bye": true })),
        (
            "mutation { ...Out } fragment Out on Mutation { logout }",
            json!({ "logout": true }),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("alice{number}@example.com");
        let (access, refresh) = kw.signed_in(&email);
        assert_eq!(
            kw.graphql(document, Some(&access)),
            json!({ "data": answer })
        );
        assert_eq!(kw.me(&access), 401);
        assert_eq!(code(&exchange(kw, &refresh)), "INVALID_CREDENTIALS");
        let said = kw.graphql(document, Some(&access));
        assert_eq!(code(&said), "INVALID_TOKEN");
    }
});

#[test]
fn p_28_a_refusal_has_the_shape_of_the_document() {
    let kw = TestKeyward::new();
    let answer = kw.asks("/graphql", seeds::PROPELLER_LOGIN, None);
    assert_eq!(
        answer.body,
        r#"{"errors":[{"message":"Invalid user credentials.","locations":[{"line":2,"column":1}],"path":["login"],"extensions":{"code":"INVALID_CREDENTIALS","serviceName":"Auth","exception":{"errorInfo":{"code":"auth/invalid-credential","message":"Invalid user credentials."},"codePrefix":"auth","message":"Invalid user credentials.","locations":[{"line":2,"column":1}],"path":["login"]}}}],"data":null}"#
    );
}

both!(p29_p_30_user_is_for_administrators, OPEN, |kw| {
    let register = seeds::PROPELLER_USER_REGISTER.replace("sander123@", "s.vleugelhof@");
    let made = kw.field(&register, None, "userRegister");
    let theirs = text(&made["session"], "accessToken");
    kw.add("admin@example.com", None, true);
    let admin = text(&kw.login("admin@example.com"), "access_token");
    let user = kw.field(seeds::PROPELLER_USER, Some(&admin), "user");
    assert_eq!(
        user,
        json!({
            "firstName": "John", "lastName": "Doe", "middleName": null, "gender": "M",
            "email": "s.vleugelhof@propel.us",
        })
    );
    for nobody in ["nobody@propel.us", "", "not an address or a name"] {
        let document = seeds::PROPELLER_USER.replace("s.vleugelhof@propel.us", nobody);
        let said = kw.graphql(&document, Some(&admin));
        assert_eq!(said["data"]["user"], json!(null), "{said}");
    }
    let said = kw.graphql(seeds::PROPELLER_USER, Some(&theirs));
    assert_eq!(code(&said), "FORBIDDEN");
    let said = kw.graphql(seeds::PROPELLER_USER, None);
    assert_eq!(code(&said), "INVALID_CREDENTIALS");
});

fn admin(kw: &TestKeyward) -> String {
    kw.add("admin@example.com", None, true);
    text(&kw.login("admin@example.com"), "access_token")
}

both!(
    p22_p23_p26_p27_a_link_resets_once_and_no_mail_is_sent,
    OPEN,
    |kw| {
        let admin = admin(kw);
        let account = kw.account("s.vleugelhof@propel.us");
        let (theirs, _) = kw.sign_in("s.vleugelhof@propel.us", PASSWORD).tokens();
        let link = kw.field(
            seeds::PROPELLER_RESET_LINK,
            Some(&admin),
            "passwordResetLink",
        );
        let link = url::Url::parse(link.as_str().unwrap()).unwrap();
        assert_eq!(kw.mails().len(), 0);
        let of = |name: &str| {
            let mut pairs = link.query_pairs();
            pairs.find(|(it, _)| it == name).unwrap().1.into_owned()
        };
        assert_eq!(link.path(), "/account");
        assert_eq!(of("mode"), "resetPassword");
        assert_eq!(of("continueUrl"), "https://helice.cloud/login");
        assert_eq!(of("lang"), "nl");
        assert_eq!(
            (of("apiKey"), of("tenantId")),
            ("keyward".into(), "keyward".into())
        );
        let choose = |code: &str| {
            let body = json!({ "token": code, "password": "a quiet harbour at dawn" });
            kw.post("/auth/password/reset").json(&body).send().status
        };
        let older = of("oobCode");
        let newer = kw.field(
            seeds::PROPELLER_RESET_LINK,
            Some(&admin),
            "passwordResetLink",
        );
        let newer = newer.as_str().unwrap().to_owned();
        assert_eq!(choose(&older), 400, "a newer one was made");
        let code = newer
            .split("oobCode=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap();
        assert_eq!(choose(code), 204);
        assert_eq!(choose(code), 400);
        assert_eq!(kw.me(&theirs), 401);
        assert_eq!(kw.sign_in("s.vleugelhof@propel.us", PASSWORD).status, 401);
        assert!(
            kw.audit(account)
                .iter()
                .any(|it| it.contains("password_reset_requested"))
        );
    }
);

// Only to the address that the link was made with, and only while the operator's list has it: what
// stands in the link's query is not asked.
both!(p_24_after_the_reset_the_page_goes_on, OPEN, |kw| {
    let admin = admin(kw);
    kw.account("s.vleugelhof@propel.us");
    let reset = |kw: &TestKeyward, code: &str| {
        let body = json!({ "token": code, "password": "a quiet harbour at dawn" });
        let answer = kw.post("/auth/password/reset").json(&body).send();
        assert_eq!(answer.status, 204, "{answer:?}");
        answer.header("location").map(str::to_owned)
    };
    let link = || {
        let link = kw.field(
            seeds::PROPELLER_RESET_LINK,
            Some(&admin),
            "passwordResetLink",
        );
        let link = link
            .as_str()
            .unwrap()
            .split("oobCode=")
            .nth(1)
            .unwrap()
            .to_owned();
        link.split('&').next().unwrap().to_owned()
    };
    let next = reset(kw, &link());
    assert_eq!(next.as_deref(), Some("https://helice.cloud/login"));
    // A refused password leaves the code good, and leads nowhere.
    let code = link();
    let body = json!({ "token": code, "password": "x" });
    let refused = kw.post("/auth/password/reset").json(&body).send();
    assert_eq!((refused.status, refused.header("location")), (400, None));
    // The operator took it from the list meanwhile.
    let other = [(
        "KEYWARD_REDIRECT_ALLOW_LIST",
        "https://elsewhere.example.com",
    )];
    assert_eq!(reset(&kw.replica_with(&other), &code), None);
    // A mailed code goes on to nothing. Of one instant nobody knows which mail was the last.
    kw.advance(1);
    let asked = json!({ "email": "s.vleugelhof@propel.us" });
    assert_eq!(
        kw.post("/auth/password/request").json(&asked).send().status,
        204
    );
    let mailed = kw.last_mail_to("s.vleugelhof@propel.us").link();
    let code = mailed.split("reset_password=").nth(1).unwrap().to_owned();
    assert_eq!(reset(kw, &code), None);
});

both!(p27_a_link_ends, OPEN, |kw| {
    let admin = admin(kw);
    kw.account("s.vleugelhof@propel.us");
    let link = kw.field(
        seeds::PROPELLER_RESET_LINK,
        Some(&admin),
        "passwordResetLink",
    );
    let code = link.as_str().unwrap().split("oobCode=").nth(1).unwrap();
    let code = code.split('&').next().unwrap();
    kw.advance(7 * 86_400);
    let body = json!({ "token": code, "password": "a quiet harbour at dawn" });
    kw.post("/auth/password/reset")
        .json(&body)
        .send()
        .refused(400, "INVALID_CODE");
});

both!(p25_p_28_p_30_a_link_is_refused_to_the_letter, OPEN, |kw| {
    let admin = admin(kw);
    let answer = kw.asks("/graphql", seeds::PROPELLER_RESET_LINK, Some(&admin));
    let words = "There is no user record corresponding to the provided email.";
    assert_eq!(
        answer.json()["errors"][0]["extensions"],
        json!({
            "code": "INTERNAL_SERVER_ERROR",
            "serviceName": "Auth",
            "exception": {
                "errorInfo": { "code": "auth/email-not-found", "message": words },
                "codePrefix": "auth",
                "message": words,
                "locations": [{ "line": 2, "column": 1 }],
                "path": ["passwordResetLink"],
            },
        })
    );
    assert_eq!(answer.json()["errors"][0]["message"], json!(words));
    assert_eq!(answer.json()["data"], json!(null));
    kw.account("s.vleugelhof@propel.us");
    let (theirs, _) = kw.sign_in("s.vleugelhof@propel.us", PASSWORD).tokens();
    let before = kw.state();
    for elsewhere in [
        "https://helice.cloud.evil.com/login",
        "https://helice.cloud@evil.com/login",
        "//helice.cloud/login",
        "http://helice.cloud/login",
        "javascript:alert(1)",
        "",
    ] {
        let document = seeds::PROPELLER_RESET_LINK.replace("https://helice.cloud/login", elsewhere);
        let said = kw.graphql(&document, Some(&admin));
        assert_eq!(code(&said), "INVALID_PAYLOAD", "{elsewhere}");
    }
    for (token, refused) in [
        (Some(theirs.as_str()), "FORBIDDEN"),
        (None, "INVALID_CREDENTIALS"),
    ] {
        let said = kw.graphql(seeds::PROPELLER_RESET_LINK, token);
        assert_eq!(code(&said), refused);
    }
    assert_eq!(kw.state(), before);
});

/// A guest goes where the routes let one go, and no further.
#[test]
fn a3_a_guest_sees_its_own_account_and_no_more() {
    let kw = TestKeyward::with(OPEN);
    let guest = text(&start(&kw), "accessToken");
    for document in ["{ viewer { id } }", "{ users_me { id } }"] {
        let said = kw.graphql(document, Some(&guest));
        assert_eq!(said.get("errors"), None, "{said}");
    }
    for document in [
        "{ account { username } }",
        seeds::PROPELLER_USER,
        seeds::PROPELLER_RESET_LINK,
    ] {
        let said = kw.graphql(document, Some(&guest));
        assert_eq!(code(&said), "FORBIDDEN", "{document}");
    }
    let said = kw
        .asks("/v1/graphql", "{ viewer { id } }", Some(&guest))
        .json();
    assert_eq!(code(&said), "FORBIDDEN");
}

// Who registered is told of as by the two queries, whether a session is given or not.
#[test]
fn graphql_04_p13_the_user_of_a_registration_is_the_user() {
    const USER: &str = "id userId username firstName middleName lastName email phone gender company \
                        dateOfBirth language parentId isAnonymous";
    let mut settings = OPEN.to_vec();
    settings.push(("KEYWARD_REQUIRE_VERIFIED_EMAIL", "true"));
    for kw in [TestKeyward::with(OPEN), TestKeyward::with(&settings)] {
        let document = format!(
            "mutation {{ userRegister(input: {{ email: \"{ALICE}\", password: \"{PASSWORD}\", \
             firstName: \"Alice\", middleName: \"P\", lastName: \"Liddell\", phone: \"+44 20 7946 0000\", \
             gender: F, company: \"Wonderland\", dateOfBirth: \"1990-05-04\", language: \"en\" }}) \
             {{ user {{ {USER} }} session {{ accessToken }} }} }}"
        );
        let made = kw.field(&document, None, "userRegister");
        for name in [
            "firstName",
            "middleName",
            "lastName",
            "phone",
            "gender",
            "company",
            "dateOfBirth",
        ] {
            assert!(made["user"][name].is_string(), "{name}: {made}");
        }
        let admin = NewAccount {
            further: Vec::new(),
            email: Email::parse("admin@example.com"),
            username: None,
            password: Password::parse(PASSWORD).ok(),
            admin: true,
            verified: true,
        };
        administer::add_account(&kw.kw, admin).unwrap();
        let admin = text(&kw.login("admin@example.com"), "access_token");
        let document = format!("{{ user(login: \"{ALICE}\") {{ {USER} }} }}");
        assert_eq!(kw.field(&document, Some(&admin), "user"), made["user"]);
        if let Some(token) = made["session"]["accessToken"].as_str() {
            let viewer = kw.field(&format!("{{ viewer {{ {USER} }} }}"), Some(token), "viewer");
            assert_eq!(viewer, made["user"]);
        }
    }
}
