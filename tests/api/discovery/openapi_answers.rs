//! What Keyward answers stands in `openapi.yaml`: the status, the headers, the body and,
//! where nothing is left to chance, the very example that it shows.

#[path = "openapi_organizations.rs"]
mod organizations;

use std::collections::BTreeSet;

use keyward::domain::id::AccountId;
use serde_json::{Value, json};

use crate::discovery::openapi::{
    METHODS, assert_documented, document, faults, operations, resolve,
};
use crate::support::{Answer, Ask, PASSWORD, TestKeyward, WRONG, text};

/// Every operation, asked by somebody without a token, by somebody with a bad one, and
/// with two: what it says is in the document.
#[test]
fn refusals_stand_in_the_document() {
    let kw = TestKeyward::new();
    for (path, method, operation) in operations() {
        let ask = || kw.ask(&method.to_uppercase(), path);
        for answer in [
            ask().send(),
            ask().bearer("junk").send(),
            ask().body("application/json", "[]").send(),
            ask().body("text/plain", "x").send(),
            ask().body("application/json", "x".repeat(20_000)).send(),
            ask().header("host", "a").header("host", "b").send(),
            ask().header("x-large", &"x".repeat(20_000)).send(),
        ] {
            assert_documented(method, path, &answer);
        }
        let long = format!("{path}?x={}", "x".repeat(10_000));
        let answer = kw.ask(&method.to_uppercase(), &long).send();
        assert_documented(method, path, &answer);
        let open = operation["security"].as_array().unwrap();
        let open = open.is_empty() || open.contains(&json!({}));
        let refused = ask().send().status == 401;
        assert!(open != refused, "{method} {path}");
    }
    // Off the document, in the shape that it gives for refusals.
    for (path, schema) in [
        ("/nowhere", "DirectusError"),
        ("/v1/api/nowhere", "OispError"),
    ] {
        let answer = kw.get(path).send();
        let schema = &document()["components"]["schemas"][schema];
        assert_eq!(faults(schema, &answer.json()), [""; 0]);
    }
}

/// The success of every operation, noted as it is seen.
pub struct Walk {
    pub kw: TestKeyward,
    alice: AccountId,
    pub told: BTreeSet<(&'static str, &'static str)>,
}

/// What alice's password is once she has changed it.
const CHANGED: &str = "a password that nobody has";

impl Walk {
    pub fn note(&mut self, method: &'static str, path: &'static str, answer: Answer) -> Answer {
        let good = matches!(answer.status, 200..=204);
        assert!(good, "{method} {path}: {answer:?}");
        let response = assert_documented(method, path, &answer);
        if let Some(example) = shown(&response["content"]["application/json"]) {
            // Ids hold chance, of a seed that another version may use otherwise.
            let mut body = answer.json();
            if body.get("id").is_some() {
                assert_eq!(body["id"], json!(self.alice));
                body["id"] = example["id"].clone();
            }
            assert_eq!(&body, example, "{method} {path}");
        }
        self.told.insert((path, method));
        answer
    }

    fn public(&mut self) {
        for path in [
            "/auth",
            "/server/ping",
            "/v1/api/health",
            "/.well-known/jwks.json",
            "/health/live",
            "/health/ready",
            "/openapi.yaml",
            "/docs",
            "/docs/rapidoc.js",
            "/account",
            "/account/account.js",
            "/account/account.css",
            "/test/clock",
            "/test/mail",
        ] {
            let answer = self.kw.get(path).send();
            self.note("get", path, answer);
        }
    }

    /// With a token of seed O, which opens all that is only looked at.
    fn oisp(&mut self) {
        let path = "/v1/api/auth/token";
        let answer = self.kw.post(path).json(&example(path)).send();
        let token = text(&self.note("post", path, answer).json(), "token");
        for path in [
            "/auth/me",
            "/auth/me/export",
            "/v1/api/auth/me",
            "/auth/sessions",
            "/v1/api/auth/tokenInfo",
        ] {
            let answer = self.kw.get(path).bearer(&token).send();
            self.note("get", path, answer);
        }
        let fields = &document()["paths"]["/users/me"]["get"]["parameters"][0]["example"];
        let path = format!("/users/me?fields={}", fields.as_str().unwrap());
        let answer = self.kw.get(&path).bearer(&token).send();
        self.note("get", "/users/me", answer);
        // Without the parameter the schema knows every field.
        let answer = self.kw.get("/users/me").bearer(&token).send();
        assert_documented("get", "/users/me", &answer);
        for method in METHODS {
            let ask = self.kw.ask(&method.to_uppercase(), "/auth/verify");
            self.note(method, "/auth/verify", ask.bearer(&token).send());
        }
        let answer = self.kw.put("/v1/api/auth/me").bearer(&token).send();
        self.note("put", "/v1/api/auth/me", answer);

        let path = "/v1/api/auth/refresh";
        let answer = self.kw.post(path).bearer(&token).send();
        let refresh = self.note("post", path, answer).json();
        let answer = self.kw.put(path).bearer(&token).json(&refresh).send();
        let token = text(&self.note("put", path, answer).json(), "jwt");
        for method in ["get", "post"] {
            let ask = self.kw.ask(&method.to_uppercase(), "/auth/token");
            let answer = ask.header("authorization", &token).send();
            self.note(method, "/auth/token", answer);
        }
    }

    /// A sign-in with a refresh token; the password is changed. The access token.
    fn keyward(&mut self) -> String {
        let path = "/auth/login";
        let answer = self.kw.post(path).json(&example(path)).send();
        let (access, refresh) = self.note("post", path, answer).tokens();
        let answer = self.kw.refresh(&refresh);
        self.note("post", "/auth/refresh", answer);
        let body = json!({ "password": PASSWORD });
        let path = "/auth/step-up";
        let answer = self.kw.post(path).bearer(&access).json(&body).send();
        self.note("post", path, answer);
        let answer = self.kw.change_password(&access, PASSWORD, CHANGED);
        let renewed = self.note("post", "/auth/password/change", answer);
        text(&renewed.json(), "access_token")
    }

    /// Switched on and off: the access token.
    fn second_factor(&mut self, access: &str) -> String {
        let path = "/auth/mfa/totp";
        let begin = |kw: &TestKeyward, access: &str| {
            let body = json!({ "password": CHANGED });
            kw.post(path).bearer(access).json(&body).send()
        };
        let answer = begin(&self.kw, access);
        let secret = text(&self.note("post", path, answer).json(), "secret");
        let answer = self.kw.confirm_enrolment(access, &self.kw.code(&secret, 0));
        let confirmed = self.note("post", "/auth/mfa/totp/confirm", answer);
        let mut access = text(&confirmed.json(), "access_token");
        let again = begin(&self.kw, &access);
        assert_eq!(again.status, 409);
        assert_documented("post", path, &again);
        for (method, path) in [("post", "/auth/mfa/recovery-codes"), ("delete", path)] {
            self.kw.advance(30);
            let proof = json!({ "password": CHANGED, "otp": self.kw.code(&secret, 0) });
            let ask = self.kw.ask(&method.to_uppercase(), path).bearer(&access);
            let answer = ask.json(&proof).send();
            let body = self.note(method, path, answer).json();
            if method == "delete" {
                access = text(&body, "access_token");
            }
        }
        access
    }

    fn second_factor_of_directus(&mut self, access: &str) {
        let ask = |kw: &TestKeyward, path: &str, body: &Value| {
            kw.post(path).bearer(access).json(body).send()
        };
        let path = "/users/me/tfa/generate";
        let answer = ask(&self.kw, path, &json!({ "password": CHANGED }));
        let secret = text(&self.note("post", path, answer).json(), "secret");
        let path = "/users/me/tfa/enable";
        let body = json!({ "secret": secret, "otp": self.kw.code(&secret, 0) });
        let answer = ask(&self.kw, path, &body);
        self.note("post", path, answer);
        let answer = self.kw.get("/users/me").bearer(access).send();
        assert_documented("get", "/users/me", &answer);
        self.kw.advance(30);
        let path = "/users/me/tfa/disable";
        let answer = ask(&self.kw, path, &json!({ "otp": self.kw.code(&secret, 0) }));
        self.note("post", path, answer);
    }

    /// A document that is carried out, and refusals of each kind.
    fn graphql(&mut self, access: &str) {
        for path in ["/graphql", "/graphql/system", "/v1/graphql"] {
            let answer = self
                .kw
                .post(path)
                .bearer(access)
                .json(&example(path))
                .send();
            self.note("post", path, answer);
            if path != "/v1/graphql" {
                let asked = format!("{path}?query=%7B__typename%7D");
                let answer = self.kw.get(&asked).bearer(access).send();
                self.note("get", path, answer);
                let asked = format!("{path}?query=mutation%7Blogout%7Bsuccess%7D%7D");
                let answer = self.kw.get(&asked).send();
                assert_eq!(answer.status, 405);
                assert_documented("get", path, &answer);
            }
            for document in [
                "{",
                "{ nothing }",
                "{ viewer { id } }",
                "mutation { logout { success } }",
            ] {
                let body = json!({ "query": document });
                let answer = self.kw.post(path).json(&body).send();
                assert!(answer.json()["errors"].is_array(), "{answer:?}");
                assert_documented("post", path, &answer);
            }
        }
    }

    /// A guest comes, is refused where an account is needed, signs in, and another one leaves.
    fn guests(&mut self) {
        let path = "/auth/anonymous";
        let answer = self.kw.post(path).send();
        assert_documented("post", path, &answer);
        let (access, _) = answer.tokens();
        self.told.insert((path, "post"));
        for (path, method, operation) in operations() {
            // Some of these end it.
            let (each, _) = self.kw.guest();
            let ask = self.kw.ask(&method.to_uppercase(), path).bearer(&each);
            if operation["security"] != json!([]) && operation["x-keyward-guard"] != json!("guest")
            {
                assert_documented(method, path, &ask.send());
            }
        }
        let sign_in = self.kw.ask_sign_in("alice@example.com", CHANGED);
        let answer = sign_in.bearer(&access).send();
        assert!(answer.json()["guest_id"].is_string(), "{answer:?}");
        assert_documented("post", "/auth/login", &answer);
        let off = self.kw.replica_with(&[("KEYWARD_GUESTS", "off")]);
        assert_documented("post", path, &off.post(path).send());
        let (access, _) = self.kw.guest();
        let answer = self.kw.delete("/auth/me").bearer(&access).send();
        assert_eq!(answer.status, 204);
        assert_documented("delete", "/auth/me", &answer);
    }

    /// Two that leave, by Keyward's route and by Directus's.
    fn leaves(&mut self) -> String {
        for (number, path) in ["/auth/me", "/users/me"].into_iter().enumerate() {
            let (access, _) = self.kw.signed_in(&format!("gone{number}@example.com"));
            let body = json!({ "password": PASSWORD });
            let answer = self.kw.delete(path).bearer(&access).json(&body).send();
            self.note("delete", path, answer);
            self.kw
                .add(&format!("root{number}@example.com"), None, number == 0);
        }
        let root = text(&self.kw.login("root0@example.com"), "access_token");
        let body = json!({ "password": PASSWORD });
        let stays = self.kw.delete("/auth/me").bearer(&root).json(&body).send();
        assert_eq!(stays.status, 409);
        assert_documented("delete", "/auth/me", &stays);
        root
    }

    fn ends(&mut self, access: &str) {
        let sign_in = |kw: &TestKeyward| {
            let answer = kw.oisp_sign_in("alice@example.com", CHANGED);
            text(&answer.json(), "token")
        };
        let other = self.kw.session_of(&sign_in(&self.kw)).id;
        let path = format!("/auth/sessions/{other}");
        let answer = self.kw.delete(&path).bearer(access).send();
        self.note("delete", "/auth/sessions/{id}", answer);
        let again = self.kw.delete(&path).bearer(access).send();
        assert_eq!(again.status, 404);
        assert_documented("delete", "/auth/sessions/{id}", &again);
        let path = "/v1/api/auth/me";
        let answer = self.kw.delete(path).bearer(&sign_in(&self.kw)).send();
        self.note("delete", path, answer);
        let path = "/auth/sessions";
        let answer = self.kw.delete(path).bearer(access).send();
        self.note("delete", path, answer);
        let path = "/auth/logout";
        let answer = self.kw.post(path).bearer(access).send();
        self.note("post", path, answer);
    }
}

impl Walk {
    /// Asks for what makes accounts, proves addresses and changes passwords by mailed codes.
    fn registration(&mut self) {
        const BOB: &str = "bob@example.com";
        let named = json!({ "username": "carol", "password": PASSWORD });
        self.posted("/auth/register", &named);
        let bob = json!({ "email": BOB, "password": PASSWORD });
        let answer = self.kw.post("/auth/register").json(&bob).send();
        assert_documented("post", "/auth/register", &answer);
        self.posted("/auth/email/verify/request", &json!({ "email": BOB }));
        let token = self.code(BOB);
        self.posted("/auth/email/verify", &json!({ "token": token }));
        let dora = json!({ "email": "dora@example.com", "password": PASSWORD });
        self.posted("/users/register", &dora);
        let token = self.code("dora@example.com");
        let path = format!("/users/register/verify-email?token={token}");
        let shown = self
            .kw
            .get(&path)
            .header("sec-fetch-mode", "navigate")
            .send();
        assert_documented("get", "/users/register/verify-email", &shown);
        let answer = self.kw.get(&path).send();
        self.note("get", "/users/register/verify-email", answer);
        let hypi = json!({ "username": "eve", "password": { "value": PASSWORD } });
        let answer = self.kw.post("/auth/accounts").json(&hypi).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_documented("post", "/auth/accounts", &answer);
        self.told.insert(("/auth/accounts", "post"));
        self.posted("/auth/password/request", &json!({ "email": BOB }));
        let choice = json!({ "token": self.code(BOB), "password": CHANGED });
        self.posted("/auth/password/reset", &choice);
        self.signed_in_as_bob(BOB);
    }

    fn signed_in_as_bob(&mut self, bob: &'static str) {
        let access = self.kw.sign_in(bob, CHANGED).tokens().0;
        for path in ["/auth/me", "/users/me"] {
            let name = if path == "/auth/me" {
                "firstName"
            } else {
                "first_name"
            };
            let body = json!({ name: "Bob" });
            let answer = self
                .kw
                .ask("PATCH", path)
                .bearer(&access)
                .json(&body)
                .send();
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_documented("patch", path, &answer);
            self.told.insert((path, "patch"));
        }
        let new = json!({ "email": "bob@new.example", "password": CHANGED });
        let path = "/auth/email/change";
        let answer = self.kw.post(path).bearer(&access).json(&new).send();
        self.note("post", path, answer);
        let token = self.code("bob@new.example");
        self.posted("/auth/email/change/confirm", &json!({ "token": token }));
        let token = self.code(bob);
        self.posted("/auth/email/change/cancel", &json!({ "token": token }));
        let choose = json!({ "token": self.code(bob), "password": CHANGED });
        self.posted("/auth/password/reset", &choose);
        self.kw.add("root@example.com", None, true);
        let admin = self.kw.sign_in("root@example.com", PASSWORD).tokens().0;
        let path = "/users/invite";
        let body = json!({ "email": "fred@example.com" });
        let answer = self.kw.post(path).bearer(&admin).json(&body).send();
        self.note("post", path, answer);
        let accept = json!({ "token": self.code("fred@example.com"), "password": CHANGED });
        self.posted("/users/invite/accept", &accept);
    }

    /// A further address, which is the primary one for a while, and goes.
    fn addresses(&mut self) {
        const OWN: &str = "bob@example.com";
        const MORE: &str = "bob@more.example";
        let path = "/auth/me/emails";
        let access = self.kw.sign_in(OWN, CHANGED).tokens().0;
        let new = json!({ "email": MORE, "password": CHANGED });
        let answer = self.kw.post(path).bearer(&access).json(&new).send();
        self.note("post", path, answer);
        let token = self.code(MORE);
        self.posted("/auth/me/emails/confirm", &json!({ "token": token }));
        for (method, path, email) in [
            ("post", "/auth/me/emails/{email}/primary", MORE),
            ("delete", "/auth/me/emails/{email}", OWN),
        ] {
            // The change before was within the hour, too.
            self.kw.advance(3700);
            let access = self.kw.sign_in(OWN, CHANGED).tokens().0;
            let own = path.replace("{email}", email);
            let ask = self.kw.ask(&method.to_uppercase(), &own).bearer(&access);
            let answer = ask.json(&json!({ "password": CHANGED })).send();
            self.note(method, path, answer);
        }
    }

    /// The users API of the original.
    fn users_of_oisp(&mut self) {
        const GINA: &str = "gina@example.com";
        let gina = json!({ "email": GINA, "password": PASSWORD });
        self.posted("/v1/api/users", &gina);
        let again = self.kw.post("/v1/api/users").json(&gina).send();
        assert_eq!(again.status, 409);
        assert_documented("post", "/v1/api/users", &again);
        let email = json!({ "email": GINA });
        self.posted("/v1/api/users/request_user_activation", &email);
        let path = "/v1/api/users/activate";
        let body = json!({ "token": self.code(GINA) });
        self.posted(path, &body);
        let used = self.kw.post(path).json(&body).send();
        assert_eq!(used.json()["code"], json!(2602));
        assert_documented("post", path, &used);
        let path = "/v1/api/users/forgot_password";
        self.posted(path, &email);
        let body = json!({ "token": self.code(GINA), "password": CHANGED });
        let answer = self.kw.put(path).json(&body).send();
        self.note("put", path, answer);
        let used = self.kw.put(path).json(&body).send();
        assert_eq!(used.json()["code"], json!(2406));
        assert_documented("put", path, &used);
        let token = text(&self.kw.oisp_sign_in(GINA, CHANGED).json(), "token");
        let path = "/v1/api/users/{id}";
        for (method, body) in [("get", None), ("put", Some(json!({ "attributes": {} })))] {
            let ask = |id: &str| {
                let path = format!("/v1/api/users/{id}");
                let ask = self.kw.ask(&method.to_uppercase(), &path).bearer(&token);
                body.iter().fold(ask, Ask::json).send()
            };
            let (own, other) = (ask("me"), ask("x"));
            assert_eq!((own.status, other.status), (200, 404), "{own:?}");
            assert_documented(method, path, &own);
            assert_documented(method, path, &other);
            self.told.insert((path, method));
        }
        let path = "/v1/api/users/{email}/change_password";
        let body = json!({ "currentpwd": CHANGED, "password": PASSWORD });
        let ask = self.kw.put(&path.replace("{email}", GINA)).bearer(&token);
        let answer = ask.json(&body).send();
        let token = text(&self.note("put", path, answer).json(), "token");
        let path = "/v1/api/users/{id}";
        let answer = self.kw.delete("/v1/api/users/me").bearer(&token).send();
        self.note("delete", path, answer);
    }

    fn posted(&mut self, path: &'static str, body: &Value) {
        let answer = self.kw.post(path).json(body).send();
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        assert_documented("post", path, &answer);
        self.told.insert((path, "post"));
    }

    /// The code of the last mail to this address.
    fn code(&self, to: &str) -> String {
        let link = self.kw.last_mail_to(to).link();
        link.rsplit('=').next().unwrap().to_owned()
    }
}

/// The body that the document shows for a POST.
fn example(path: &str) -> Value {
    let body = resolve(&document()["paths"][path]["post"]["requestBody"]);
    shown(&body["content"]["application/json"]).unwrap().clone()
}

/// The first example of a media type.
pub fn shown(media_type: &'static Value) -> Option<&'static Value> {
    let examples = media_type["examples"].as_object()?;
    examples.values().next().map(|example| &example["value"])
}

#[test]
fn successes_stand_in_the_document_and_are_its_examples() {
    let kw = TestKeyward::new();
    let alice = kw.account("alice@example.com");
    let told = BTreeSet::new();
    let mut walk = Walk { kw, alice, told };
    walk.public();
    walk.oisp();
    let access = walk.keyward();
    let access = walk.second_factor(&access);
    walk.second_factor_of_directus(&access);
    walk.graphql(&access);
    walk.guests();
    let root = walk.leaves();
    walk.ends(&access);
    walk.registration();
    walk.users_of_oisp();
    organizations::walk(&mut walk);
    walk.administration(&root);
    walk.addresses();
    let path = "/test/clock";
    let answer = walk.kw.post(path).json(&example(path)).send();
    walk.note("post", path, answer);

    let all = operations().into_iter();
    let all: BTreeSet<_> = all.map(|(path, method, _)| (path, method)).collect();
    assert_eq!(walk.told, all);
}

/// In mode cookie, and where guesses were too many.
#[test]
fn cookies_and_waiting_stand_in_the_document() {
    let kw = TestKeyward::new();
    kw.account("alice@example.com");
    let body = json!({ "email": "alice@example.com", "password": PASSWORD, "mode": "cookie" });
    let answer = kw.post("/auth/login").json(&body).send();
    assert_documented("post", "/auth/login", &answer);
    let cookie = answer.cookie().unwrap();
    let refreshed = kw.post("/auth/refresh").cookie(&cookie).send();
    assert_documented("post", "/auth/refresh", &refreshed);
    let foreign = kw.post("/auth/refresh").cookie(&cookie);
    let foreign = foreign.header("origin", "https://evil.example").send();
    assert_eq!(foreign.status, 403);
    assert_documented("post", "/auth/refresh", &foreign);
    let ended = kw
        .post("/auth/logout")
        .cookie(&refreshed.cookie().unwrap())
        .send();
    assert_documented("post", "/auth/logout", &ended);
    let late = kw.post("/auth/refresh").cookie(&cookie).send();
    assert_eq!(late.cookie(), Some(String::new()));
    assert_documented("post", "/auth/refresh", &late);

    let standard = text(&kw.login("alice@example.com"), "access_token");
    for (method, path) in [("put", "/v1/api/auth/me"), ("post", "/v1/api/auth/refresh")] {
        let answer = kw
            .ask(&method.to_uppercase(), path)
            .bearer(&standard)
            .send();
        assert_eq!(answer.status, 403);
        assert_documented(method, path, &answer);
    }
    kw.exhaust("alice@example.com");
    let slowed = kw.sign_in("alice@example.com", WRONG);
    assert_eq!(slowed.status, 429);
    assert_documented("post", "/auth/login", &slowed);
    let locked = kw.oisp_sign_in("alice@example.com", WRONG);
    assert_eq!(locked.json()["code"], json!(2403));
    assert_documented("post", "/v1/api/auth/token", &locked);
}
