//! The successes of API keys, on the walk of `openapi_answers.rs`, and where a header holds one.

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::discovery::openapi::{assert_documented, document, operations};
use crate::discovery::openapi_answers::Walk;
use crate::graphql::{OPEN, seeds};
use crate::support::{TestKeyward, text};

impl Walk {
    pub fn api_keys(&mut self, root: &str) {
        let own = "/auth/api-keys";
        let body = json!({ "name": "ci", "permissions": ["admin"] });
        let made = self.kw.post(own).bearer(root).json(&body).send();
        let id = text(&made.json(), "id");
        let key = text(&made.json(), "key");
        self.note("post", own, made);
        let me = self.kw.get("/auth/me").bearer(&key).send();
        assert_documented("get", "/auth/me", &me);
        self.rest(root, own, &id);
        let machine = self.kw.machine("ci-bot", &["system"]);
        let all = "/admin/api-keys";
        let body = json!({ "account": machine, "name": "ci", "permissions": ["account:mail"] });
        let made = self.kw.post(all).bearer(root).json(&body).send();
        let id = text(&made.json(), "id");
        self.note("post", all, made);
        self.rest(root, all, &id);
        let link = "/admin/password-reset-link";
        let body = json!({ "email": "root@example.com" });
        let answer = self.kw.post(link).bearer(root).json(&body).send();
        self.note("post", link, answer);
        self.keys_of_an_organization(root);
    }

    /// What follows the making.
    fn rest(&mut self, root: &str, path: &'static str, id: &str) {
        let list = self.kw.get(path).bearer(root).send();
        self.note("get", path, list);
        let [rotate, one] = match path {
            "/auth/api-keys" => ["/auth/api-keys/{key}/rotate", "/auth/api-keys/{key}"],
            _ => ["/admin/api-keys/{key}/rotate", "/admin/api-keys/{key}"],
        };
        let rotated = self.kw.post(&rotate.replace("{key}", id)).bearer(root);
        let rotated = rotated.send();
        self.note("post", rotate, rotated);
        let revoked = self.kw.delete(&one.replace("{key}", id)).bearer(root);
        let revoked = revoked.send();
        self.note("delete", one, revoked);
    }

    fn keys_of_an_organization(&mut self, root: &str) {
        let body = json!({ "name": "Key Owners" });
        let made = self.kw.post("/auth/organizations").bearer(root);
        let acme = text(&made.json(&body).send().json(), "id");
        let body = json!({ "name": "there", "permissions": [], "organizationId": acme });
        let made = self
            .kw
            .post("/auth/api-keys")
            .bearer(root)
            .json(&body)
            .send();
        let id = text(&made.json(), "id");
        let template = "/auth/organizations/{id}/api-keys";
        let path = template.replace("{id}", &acme);
        let list = self.kw.get(&path).bearer(root).send();
        self.note("get", template, list);
        let revoked = self.kw.delete(&format!("{path}/{id}")).bearer(root).send();
        self.note("delete", "/auth/organizations/{id}/api-keys/{key}", revoked);
    }
}

const EMAIL: &str = "s.vleugelhof@propel.us";

// Generators of clients make a setting of it.
#[test]
fn clients_44_the_description_names_the_header_where_it_is_taken() {
    let kw = TestKeyward::with(OPEN);
    kw.account(EMAIL);
    let shop = kw.machine("shop", &["system"]);
    let key = kw.key(shop, &["account:read"]);
    let by_get: String =
        form_urlencoded::byte_serialize(seeds::PROPELLER_USER.as_bytes()).collect();
    let mut taken = 0;
    for (path, method, operation) in operations() {
        let ask = if method == "get" {
            kw.get(&format!("{path}?query={by_get}"))
        } else {
            let ask = kw.ask(&method.to_uppercase(), path);
            ask.json(&json!({ "query": seeds::PROPELLER_USER }))
        };
        let said = ask.header("apikey", &key).send().body;
        let is_taken = said.contains(EMAIL);
        let security = operation["security"].as_array().unwrap();
        let mut schemes = security.iter().filter_map(Value::as_object);
        let is_named = schemes.any(|any| any.contains_key("apiKeyHeader"));
        assert_eq!(is_named, is_taken, "{method} {path}: {said}");
        taken += u8::from(is_taken);
    }
    assert_eq!(taken, 4);
    let scheme = &document()["components"]["securitySchemes"]["apiKeyHeader"];
    assert_eq!(
        (&scheme["in"], &scheme["name"]),
        (&json!("header"), &json!("apikey"))
    );
}
