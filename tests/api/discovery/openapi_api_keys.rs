//! The successes of API keys, on the walk of `openapi_answers.rs`.

use serde_json::json;

use crate::discovery::openapi::assert_documented;
use crate::discovery::openapi_answers::Walk;
use crate::support::text;

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
