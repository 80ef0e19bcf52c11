//! What Propeller's SDK and its plugin for shops ask for, in the names that their documents have.

use serde_json::{Value, json};

use crate::graphql::{ALICE, OPEN, alice, code};
use crate::support::{Forge, PASSWORD, TestKeyward, text};

/// What the field gives to a document with variables; nothing is refused.
#[track_caller]
fn given(kw: &TestKeyward, ask: (&str, Value), token: Option<&str>, field: &str) -> Value {
    let body = json!({ "query": ask.0, "variables": ask.1 });
    let body = kw.asks_with("/graphql", &body, token).json();
    assert_eq!(body.get("errors"), None, "{body}");
    body["data"][field].clone()
}

fn admin(kw: &TestKeyward) -> String {
    kw.add("admin@example.com", None, true);
    text(&kw.login("admin@example.com"), "access_token")
}

const REFRESH: &str = "mutation exchangeRefreshToken($input: ExchangeRefreshTokenInput!) {
  exchangeRefreshToken(input: $input) { ...Refreshed }
}
fragment Refreshed on RefreshTokenResponse { access_token refresh_token expires_in token_type user_id }";

both!(
    clients_41_p03_a_refresh_is_answered_as_the_sdk_reads_it,
    |kw| {
        let (_, refresh) = alice(kw);
        kw.advance(906);
        let ask = |token: &str| (REFRESH, json!({ "input": { "refreshToken": token } }));
        let given = given(kw, ask(&refresh), None, "exchangeRefreshToken");
        let access = text(&given, "access_token");
        assert_eq!(kw.me(&access), 200);
        assert_eq!(given["expires_in"], json!(900));
        assert_eq!(given["token_type"], json!("Bearer"));
        assert_eq!(given["user_id"], Forge::claims_of(&access)["sub"]);
        assert_ne!(text(&given, "refresh_token"), refresh);
        let (query, variables) = ask("junk");
        let body = json!({ "query": query, "variables": variables });
        let said = kw.asks_with("/graphql", &body, None).json();
        assert_eq!(code(&said), "INVALID_CREDENTIALS");
    }
);

const SESSION: &str = "fragment Session on GCIPUser {
  uid email emailVerified displayName photoUrl phoneNumber disabled isAnonymous
  metadata { lastSignInTime creationTime lastRefreshTime } tokensValidAfterTime tenantId
  providerData { uid providerId displayName photoUrl federatedId email rawId screenName phoneNumber }
  passwordHash passwordSalt authDomain lastLoginAt createdAt accessToken refreshToken expirationTime
  multiFactor { enrolledFactors { factorId phoneNumber } } }
fragment In on Login { providerId operationType session { ...Session } }";

both!(
    clients_42_a_session_is_a_user_of_the_identity_provider,
    OPEN,
    |kw| {
        kw.account(ALICE);
        let start = format!(
            "mutation Start($site: Int) {{ startSession(siteId: $site) {{ ...In }} }} {SESSION}"
        );
        let guest = given(kw, (&start, json!({ "site": 1 })), None, "startSession");
        assert_eq!(guest["session"]["isAnonymous"], json!(true));
        assert_eq!(guest["session"]["emailVerified"], json!(false));
        let login = format!(
            "mutation login($input: LoginInput!) {{ login(input: $input) {{ ...In }} }} {SESSION}"
        );
        let input = json!({ "email": ALICE, "password": PASSWORD, "provider": null });
        let login = given(kw, (&login, json!({ "input": input })), None, "login");
        let session = &login["session"];
        let token = text(session, "accessToken");
        assert_eq!(session["uid"], Forge::claims_of(&token)["sub"]);
        assert_eq!(
            session["metadata"]["creationTime"],
            json!("2026-01-01T00:00:00.000Z")
        );
        assert_eq!(session["createdAt"], session["metadata"]["creationTime"]);
        for empty in [
            "passwordHash",
            "passwordSalt",
            "photoUrl",
            "tenantId",
            "providerData",
        ] {
            assert_eq!(session[empty], json!(null), "{empty}");
        }
        let out = given(
            kw,
            ("mutation logout { logout { __typename todo } }", json!({})),
            Some(&token),
            "logout",
        );
        assert_eq!(out, json!({ "__typename": "Logout", "todo": null }));
        assert_eq!(kw.me(&token), 401);
    }
);

const REGISTER: &str = "mutation R($input: RegisterUserInput!) {
  userRegister(input: $input) { user { ... on IBaseUser { id } ...Base } session { ...Session } }
}
fragment Session on RegisterUserSession { accessToken refreshToken expirationTime }
fragment Base on IBaseUser { __typename firstName phone mobile primaryLanguage mailingList isLoggedIn }";

both!(clients_42_what_the_plugin_registers_is_kept, OPEN, |kw| {
    let input = json!({
        "firstName": "John", "middleName": "", "lastName": "Doe", "email": ALICE,
        "phone": "020-6717171", "mobile": "06-12345678", "gender": "M", "company": "Propeller",
        "password": PASSWORD, "parentId": 109, "primaryLanguage": "NL", "mailingList": "Y",
        "homepage": "https://propel.us", "cocNumber": "1", "taxNumber": "2",
        "createAccount": true, "autoLogin": true,
    });
    let made = given(
        kw,
        (REGISTER, json!({ "input": input })),
        None,
        "userRegister",
    );
    let token = text(&made["session"], "accessToken");
    let base = json!({
        "id": made["user"]["id"], "__typename": "User", "firstName": "John",
        "phone": "020-6717171", "mobile": "06-12345678", "primaryLanguage": "NL",
        "mailingList": "Y", "isLoggedIn": true,
    });
    assert_eq!(made["user"], base);
    let viewer = "{ viewer { firstName middleName lastName email gender phone mobile primaryLanguage \
                  dateOfBirth isLoggedIn mailingList homepage cocNumber taxNumber language } }";
    let viewer = given(kw, (viewer, json!({})), Some(&token), "viewer");
    assert_eq!(
        (&viewer["cocNumber"], &viewer["taxNumber"]),
        (&json!("1"), &json!("2"))
    );
    assert_eq!(
        (&viewer["homepage"], &viewer["language"]),
        (&json!("https://propel.us"), &json!("NL"))
    );
    let me = kw.get("/auth/me").bearer(&token).send().json();
    assert_eq!(me["attributes"]["mobile"], json!("06-12345678"));
    // What somebody else is told of them by a system key is no session.
    let user = format!("{{ user(login: \"{ALICE}\") {{ mobile isLoggedIn }} }}");
    let user = given(kw, (&user, json!({})), Some(&admin(kw)), "user");
    assert_eq!(user, json!({ "mobile": "06-12345678", "isLoggedIn": null }));
});

both!(clients_42_an_interface_is_told_of, |kw| {
    let look = "{ __type(name: \"IBaseUser\") { kind possibleTypes { name } } }";
    let base = given(kw, (look, json!({})), None, "__type");
    assert_eq!(
        base,
        json!({ "kind": "INTERFACE", "possibleTypes": [{ "name": "User" }] })
    );
    let look = "{ __type(name: \"User\") { kind interfaces { name } } }";
    let user = given(kw, (look, json!({})), None, "__type");
    assert_eq!(
        user,
        json!({ "kind": "OBJECT", "interfaces": [{ "name": "IBaseUser" }] })
    );
});

both!(
    clients_42_a_link_is_asked_for_as_the_sdk_and_the_plugin_do,
    OPEN,
    |kw| {
        kw.account(ALICE);
        let admin = admin(kw);
        let by_sdk = "mutation passwordResetLink($input: PasswordRecoveryLinkInput) {
        passwordResetLink(input: $input) }";
        let input = json!({ "email": ALICE, "redirectUrl": "https://helice.cloud/login", "language": "NL" });
        let link = given(
            kw,
            (by_sdk, json!({ "input": input })),
            Some(&admin),
            "passwordResetLink",
        );
        assert!(link.as_str().unwrap().contains("lang=NL"), "{link}");
        let by_plugin =
            "mutation M($email: String $redirectUrl: String $more: PasswordRecoveryLinkInput) {
        passwordResetLink(email: $email redirectUrl: $redirectUrl input: $more) }";
        let variables =
            json!({ "email": ALICE, "redirectUrl": "https://helice.cloud/login", "more": null });
        let link = given(
            kw,
            (by_plugin, variables),
            Some(&admin),
            "passwordResetLink",
        );
        let goes_on = "continueUrl=https%3A%2F%2Fhelice.cloud%2Flogin";
        assert!(link.as_str().unwrap().contains(goes_on), "{link}");
        // Without a page to go on to it goes on to Keyward's own.
        let link = given(
            kw,
            (by_sdk, json!({ "input": { "email": ALICE } })),
            Some(&admin),
            "passwordResetLink",
        );
        assert!(!link.as_str().unwrap().contains("helice"), "{link}");
        for variables in [json!({}), json!({ "input": null })] {
            let body = json!({ "query": by_sdk, "variables": variables });
            let said = kw.asks_with("/graphql", &body, Some(&admin)).json();
            assert_eq!(code(&said), "INVALID_PAYLOAD");
        }
        assert_eq!(kw.mails().len(), 0);
    }
);

both!(clients_42_a_mail_is_asked_for_as_the_sdk_does, OPEN, |kw| {
    let admin = admin(kw);
    let document = "mutation publishEmailEvent($input: EmailEventInput!) {
        publishEmailEvent(input: $input) { ...Sent } }
        fragment Sent on PublishEmailEventResponse { success messageId }";
    let input = |to: Value| {
        json!({ "input": {
            "type": "transactional", "to": to, "subject": "S", "content": "{{var:a}}",
            "from": { "email": "shop@example.com", "name": "Shop" }, "language": "NL",
            "variables": { "a": "C" },
        }})
    };
    let to = json!([{ "email": "a@b.co" }]);
    let sent = given(kw, (document, input(to)), Some(&admin), "publishEmailEvent");
    assert_eq!(sent["success"], json!(true));
    let mail = kw.last_mail_to("a@b.co");
    assert_eq!(mail.message_id, format!("<{}>", text(&sent, "messageId")));
    assert_eq!(mail.html, "C");
    let in_list = "mutation { publishEmailEvent(input: { type: transactional, to: [{ email: \"c@d.co\" }], \
                   subject: \"S\", content: \"C\" }) { success } }";
    let sent = kw.field(in_list, Some(&admin), "publishEmailEvent");
    assert_eq!(sent, json!({ "success": true }));
    // An id stands for one mail.
    for to in [
        json!([]),
        json!([{ "email": "e@f.co" }, { "email": "g@h.co" }]),
    ] {
        let body = json!({ "query": document, "variables": input(to) });
        let said = kw.asks_with("/graphql", &body, Some(&admin)).json();
        assert_eq!(code(&said), "INVALID_PAYLOAD");
    }
    assert_eq!(kw.mails().len(), 2);
});

both!(
    clients_43_a_field_with_blanks_is_filled_in_and_another_is_refused,
    OPEN,
    |kw| {
        let admin = admin(kw);
        let send = |subject: &str, content: &str| {
            let document = "mutation($s: String!, $c: String!, $v: JSONObject) { publishEmailEvent(input: \
            { type: transactional, to: { email: \"a@b.co\" }, subject: $s, content: $c, variables: $v }) { messageId } }";
            let variables =
                json!({ "s": subject, "c": content, "v": { "user": { "name": "Ann" } } });
            let body = json!({ "query": document, "variables": variables });
            kw.asks_with("/graphql", &body, Some(&admin)).json()
        };
        let said = send(
            "Hi {{ var:user.name }}",
            "<p>{{ var:user.name }} {{ var:nobody:\"you\" }}</p>",
        );
        assert_eq!(said.get("errors"), None, "{said}");
        let mail = kw.last_mail_to("a@b.co");
        assert_eq!(
            (mail.subject.as_str(), mail.html.as_str()),
            ("Hi Ann", "<p>Ann you</p>")
        );
        let before = kw.state();
        for (subject, content, name) in [
            ("Hi", "{{data:user.name}}", "content"),
            ("Hi", "{% if var:user.name %}x{% endif %}", "content"),
            ("Hi {{name}}", "x", "subject"),
        ] {
            let said = send(subject, content);
            assert_eq!(code(&said), "INVALID_PAYLOAD");
            let reason = text(&said["errors"][0]["extensions"], "reason");
            assert!(
                reason.starts_with(&format!("\"{name}\" holds a field")),
                "{reason}"
            );
            assert!(!reason.contains("user"), "{reason}");
        }
        assert_eq!((kw.mails().len(), kw.state()), (1, before));
    }
);
