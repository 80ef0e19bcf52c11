//! The description of the interface, compared with the interface: `openapi.yaml` has the
//! operations of the route table and no others, and what Keyward answers is an answer that
//! stands there, with the body, the headers and, where nothing is left to chance, the very
//! example that it shows.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use keyward::http::routes::TABLE;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestKeyward, WRONG, text};

const TEXT: &str = include_str!("../../openapi.yaml");

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_saphyr::from_str(TEXT).unwrap())
}

/// What a node says, or what it refers to says.
fn resolve(node: &'static Value) -> &'static Value {
    match node["$ref"].as_str() {
        Some(to) => document().pointer(to.strip_prefix('#').unwrap()).unwrap(),
        None => node,
    }
}

/// Path, method and operation.
fn operations() -> Vec<(&'static str, &'static str, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let of_path = |(path, item): (&'static String, &'static Value)| {
        METHODS
            .into_iter()
            .filter_map(move |method| Some((path.as_str(), method, item.get(method)?)))
    };
    paths.iter().flat_map(of_path).collect()
}

/// Why a value is not what a schema of the document describes; empty where it is.
fn faults(schema: &Value, value: &Value) -> Vec<String> {
    // References inside it are to the whole document.
    let mut schema = schema.clone();
    schema["components"] = document()["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let faults = validator.iter_errors(value);
    faults.map(|fault| fault.to_string()).collect()
}

/// Asserts that an answer stands in the document, under this method and path.
#[track_caller]
fn assert_documented(method: &str, path: &str, answer: &Answer) -> &'static Value {
    let operation = &document()["paths"][path][method];
    let response = &operation["responses"][answer.status.to_string()];
    assert!(!response.is_null(), "{method} {path}: {answer:?}");
    let response = resolve(response);
    if let Some(headers) = response["headers"].as_object() {
        for (name, header) in headers {
            let header = resolve(header);
            match answer.header(&name.to_lowercase()) {
                None => assert_ne!(header["required"], json!(true), "{name}: {answer:?}"),
                Some(value) => {
                    let value = match header["schema"]["type"].as_str() {
                        Some("integer") => value.parse::<i64>().unwrap().into(),
                        _ => json!(value),
                    };
                    assert_eq!(faults(&header["schema"], &value), [""; 0], "{name}");
                }
            }
        }
    }
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.body, "", "{method} {path}");
        return response;
    };
    let (media_type, content) = content.iter().next().unwrap();
    let declared = answer.header("content-type").unwrap();
    assert_eq!(declared.split(';').next(), Some(media_type.as_str()));
    let body = match media_type.as_str() {
        "application/json" => answer.json(),
        "application/yaml" => serde_saphyr::from_str(&answer.body).unwrap(),
        _ => json!(answer.body),
    };
    let faults = faults(&content["schema"], &body);
    assert_eq!(faults, [""; 0], "{method} {path}: {answer:?}");
    response
}

#[test]
fn the_route_table_and_the_document_name_the_same_operations() {
    let documented: BTreeSet<(String, String)> = operations()
        .into_iter()
        .map(|(path, method, _)| (path.to_owned(), method.to_owned()))
        .collect();
    let mut mounted = BTreeSet::new();
    for row in TABLE.iter().flat_map(|group| group.rows) {
        let methods = match row.method {
            "ANY" => METHODS.to_vec(),
            method => vec![
                METHODS
                    .into_iter()
                    .find(|it| it.eq_ignore_ascii_case(method))
                    .unwrap(),
            ],
        };
        mounted.extend(
            methods
                .into_iter()
                .map(|it| (row.path.to_owned(), it.to_owned())),
        );
    }
    assert_eq!(documented, mounted);
}

#[test]
fn tags_are_the_groups_of_the_table_but_for_what_every_dialect_shares() {
    for group in TABLE {
        for row in group.rows {
            let method = if row.method == "ANY" {
                "get".to_owned()
            } else {
                row.method.to_lowercase()
            };
            let tags = &document()["paths"][row.path][method]["tags"];
            assert_eq!(tags, &json!([group.name]), "{}", row.path);
        }
    }
}

#[test]
fn operations_have_ids_of_their_own_and_words() {
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations() {
        assert!(
            ids.insert(text(operation, "operationId")),
            "{method} {path}"
        );
        assert!(!text(operation, "summary").is_empty());
        assert!(operation["security"].is_array(), "{method} {path}");
    }
}

/// Every reference leads somewhere, and nothing under components is left over.
#[test]
fn references_lead_somewhere_and_components_are_used() {
    fn collect(node: &Value, found: &mut BTreeSet<String>) {
        match node {
            Value::Object(members) => {
                if let Some(Value::String(to)) = members.get("$ref") {
                    found.insert(to.clone());
                }
                members.values().for_each(|inner| collect(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| collect(inner, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(document(), &mut found);
    for to in &found {
        assert!(document().pointer(&to[1..]).is_some(), "{to}");
    }
    for kind in ["headers", "requestBodies", "responses", "schemas"] {
        for name in document()["components"][kind].as_object().unwrap().keys() {
            let to = format!("#/components/{kind}/{name}");
            assert!(found.contains(&to), "{to}");
        }
    }
}

#[test]
fn the_codes_are_a_closed_list() {
    use keyward::service::Code;
    // A code that is new must be written here, and then there.
    let all = [
        Code::InvalidPayload,
        Code::InvalidCredentials,
        Code::InvalidOtp,
        Code::InvalidToken,
        Code::TokenExpired,
        Code::Forbidden,
        Code::NotFound,
        Code::RouteNotFound,
        Code::MethodNotAllowed,
        Code::RequestTimeout,
        Code::Conflict,
        Code::ContentTooLarge,
        Code::UriTooLong,
        Code::UnsupportedMediaType,
        Code::RequestsExceeded,
        Code::HeadersTooLarge,
        Code::Internal,
        Code::ServiceUnavailable,
    ];
    let names: Vec<&str> = all.iter().map(|code| code.as_str()).collect();
    assert_eq!(
        document()["components"]["schemas"]["Code"]["enum"],
        json!(names)
    );
}

#[test]
fn the_document_is_served_as_it_stands() {
    let answer = TestKeyward::new().get("/openapi.yaml").send();
    assert_documented("get", "/openapi.yaml", &answer);
    assert_eq!(answer.body, TEXT);
}

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

/// Every operation, asked as it wants to be: one success each.
#[test]
#[allow(clippy::too_many_lines, reason = "one line for each example")]
fn successes_stand_in_the_document_and_are_its_examples() {
    let kw = TestKeyward::new();
    let alice = kw.account("alice@example.com");
    let mut told = BTreeSet::new();
    let mut note = |method: &'static str, path: &'static str, answer: Answer| {
        assert!(
            matches!(answer.status, 200 | 204),
            "{method} {path}: {answer:?}"
        );
        let response = assert_documented(method, path, &answer);
        let example = &response["content"]["application/json"]["example"];
        if !example.is_null() {
            // Ids hold chance, of a seed that other versions may use differently.
            let mut answered = answer.json();
            if answered.get("id").is_some() {
                assert_eq!(answered["id"], json!(alice));
                answered["id"] = example["id"].clone();
            }
            assert_eq!(&answered, example, "{method} {path}");
        }
        told.insert((path, method));
        answer
    };
    let example = |path: &str, method: &str| {
        let body = resolve(&document()["paths"][path][method]["requestBody"]);
        body["content"]["application/json"]["example"].clone()
    };

    for path in [
        "/auth",
        "/server/ping",
        "/v1/api/health",
        "/.well-known/jwks.json",
        "/health/live",
        "/health/ready",
        "/openapi.yaml",
        "/test/clock",
    ] {
        note("get", path, kw.get(path).send());
    }
    let oisp = kw.post("/v1/api/auth/token");
    let oisp = oisp.json(&example("/v1/api/auth/token", "post")).send();
    let oisp = text(&note("post", "/v1/api/auth/token", oisp).json(), "token");
    for path in [
        "/auth/me",
        "/v1/api/auth/me",
        "/auth/sessions",
        "/v1/api/auth/tokenInfo",
    ] {
        note("get", path, kw.get(path).bearer(&oisp).send());
    }
    let fields = &document()["paths"]["/users/me"]["get"]["parameters"][0]["example"];
    let me = format!("/users/me?fields={}", fields.as_str().unwrap());
    note("get", "/users/me", kw.get(&me).bearer(&oisp).send());
    // All fields: the schema knows each.
    assert_documented(
        "get",
        "/users/me",
        &kw.get("/users/me").bearer(&oisp).send(),
    );
    note(
        "put",
        "/v1/api/auth/me",
        kw.put("/v1/api/auth/me").bearer(&oisp).send(),
    );
    for method in METHODS {
        let answer = kw.ask(&method.to_uppercase(), "/auth/verify");
        note(method, "/auth/verify", answer.bearer(&oisp).send());
    }
    let answer = kw.post("/v1/api/auth/refresh").bearer(&oisp).send();
    let answer = note("post", "/v1/api/auth/refresh", answer);
    let answer = kw
        .put("/v1/api/auth/refresh")
        .bearer(&oisp)
        .json(&answer.json());
    let answer = note("put", "/v1/api/auth/refresh", answer.send());
    let oisp = text(&answer.json(), "jwt");
    for (method, ask) in [
        ("get", kw.get("/auth/token")),
        ("post", kw.post("/auth/token")),
    ] {
        note(
            method,
            "/auth/token",
            ask.header("authorization", &oisp).send(),
        );
    }

    let login = || {
        kw.post("/auth/login")
            .json(&example("/auth/login", "post"))
            .send()
    };
    let (access, refresh) = note("post", "/auth/login", login()).tokens();
    note("post", "/auth/refresh", kw.refresh(&refresh));
    let changed = kw.change_password(&access, PASSWORD, "a password that nobody has");
    note("post", "/auth/password/change", changed);
    note(
        "delete",
        "/auth/sessions",
        kw.delete("/auth/sessions").bearer(&access).send(),
    );

    let begin = || {
        kw.post("/auth/mfa/totp")
            .bearer(&access)
            .json(&json!({}))
            .send()
    };
    let secret = text(&note("post", "/auth/mfa/totp", begin()).json(), "secret");
    let confirmed = kw.confirm_enrolment(&access, &kw.code(&secret, 0));
    note("post", "/auth/mfa/totp/confirm", confirmed);
    assert_documented("post", "/auth/mfa/totp", &begin());
    let password = "a password that nobody has";
    let proof = |otp: &str| json!({ "password": password, "otp": otp });
    kw.advance(30);
    let ask = kw.post("/auth/mfa/recovery-codes").bearer(&access);
    note(
        "post",
        "/auth/mfa/recovery-codes",
        ask.json(&proof(&kw.code(&secret, 0))).send(),
    );
    kw.advance(30);
    let ask = kw.delete("/auth/mfa/totp").bearer(&access);
    note(
        "delete",
        "/auth/mfa/totp",
        ask.json(&proof(&kw.code(&secret, 0))).send(),
    );

    let ask = kw.post("/users/me/tfa/generate").bearer(&access);
    let answer = ask.json(&json!({ "password": password })).send();
    let secret = text(
        &note("post", "/users/me/tfa/generate", answer).json(),
        "secret",
    );
    let body = json!({ "secret": secret, "otp": kw.code(&secret, 0) });
    let ask = kw.post("/users/me/tfa/enable").bearer(&access).json(&body);
    note("post", "/users/me/tfa/enable", ask.send());
    assert_documented(
        "get",
        "/users/me",
        &kw.get("/users/me").bearer(&access).send(),
    );
    kw.advance(30);
    let ask = kw.post("/users/me/tfa/disable").bearer(&access);
    let ask = ask.json(&json!({ "otp": kw.code(&secret, 0) }));
    note("post", "/users/me/tfa/disable", ask.send());

    let body = json!({ "username": "alice@example.com", "password": password });
    let sign_in = || {
        let answer = kw.post("/v1/api/auth/token").json(&body).send();
        text(&answer.json(), "token")
    };
    let ended = format!("/auth/sessions/{}", kw.session_of(&sign_in()).id);
    let answer = kw.delete(&ended).bearer(&access).send();
    note("delete", "/auth/sessions/{id}", answer);
    assert_documented(
        "delete",
        "/auth/sessions/{id}",
        &kw.delete(&ended).bearer(&access).send(),
    );
    let answer = kw.delete("/v1/api/auth/me").bearer(&sign_in()).send();
    note("delete", "/v1/api/auth/me", answer);
    note(
        "post",
        "/auth/logout",
        kw.post("/auth/logout").bearer(&access).send(),
    );
    let ask = kw.post("/test/clock").json(&example("/test/clock", "post"));
    note("post", "/test/clock", ask.send());

    let all: BTreeSet<_> = operations()
        .into_iter()
        .map(|(path, method, _)| (path, method))
        .collect();
    assert_eq!(told, all);
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
