//! The successes of `/admin/*`, on the walk of `openapi_answers.rs`.

use keyward::service::accounts::administer;
use serde_json::json;

use crate::discovery::openapi::assert_documented;
use crate::discovery::openapi_answers::Walk;
use crate::support::{PASSWORD, account_of, text};

const ONE: &str = "/admin/accounts/{id}";

impl Walk {
    pub fn administration(&mut self, root: &str) {
        let path = "/admin/accounts";
        let body = json!({ "email": "zoe@example.com", "password": PASSWORD });
        let made = self.kw.post(path).bearer(root).json(&body).send();
        assert_eq!(made.status, 201, "{made:?}");
        assert_documented("post", path, &made);
        self.told.insert((path, "post"));
        let id = text(&made.json(), "id");
        self.sessions_of(root, &id);
        let body = json!({ "email": "ivy@example.com" });
        let path = "/admin/invitations";
        let invited = self.kw.post(path).bearer(root).json(&body).send();
        self.note("post", path, invited);
        for path in [
            "/admin/accounts",
            "/admin/audit-events",
            "/admin/invitations",
            "/admin/signing-keys",
        ] {
            let answer = self.kw.get(path).bearer(root).send();
            self.note("get", path, answer);
        }
        self.organizations_of(root, &id);
        let template = "/admin/invitations/{email}";
        let path = template.replace("{email}", "ivy@example.com");
        let answer = self.kw.delete(&path).bearer(root).send();
        self.note("delete", template, answer);
        let body = json!({ "enabled": true, "lastName": "Adams" });
        for (method, body) in [("get", None), ("patch", Some(&body)), ("delete", None)] {
            let path = ONE.replace("{id}", &id);
            let mut ask = self.kw.ask(&method.to_uppercase(), &path).bearer(root);
            if let Some(body) = body {
                ask = ask.json(body);
            }
            let answer = ask.send();
            assert!(matches!(answer.status, 200 | 204), "{answer:?}");
            assert_documented(method, ONE, &answer);
            self.told.insert((ONE, method));
            if method == "delete" {
                let again = self.kw.delete(&path).bearer(root).send();
                assert_eq!(again.status, 404);
                assert_documented(method, ONE, &again);
            }
        }
        self.api_keys(root);
        for path in [
            "/admin/signing-keys/rotate",
            "/admin/signing-keys/replace-compromised",
        ] {
            let answer = self.kw.post(path).bearer(root).send();
            self.note("post", path, answer);
        }
    }

    /// An organization, made, changed and deleted.
    fn organizations_of(&mut self, root: &str, owner: &str) {
        let path = "/admin/organizations";
        let body = json!({ "name": "Zoo", "owner": owner });
        let made = self.kw.post(path).bearer(root).json(&body).send();
        let id = text(&made.json(), "id");
        self.note("post", path, made);
        let (role, renamed) = (json!({ "role": "viewer" }), json!({ "name": "Ark" }));
        let member = self.kw.add_verified("yak@example.com").to_string();
        for (method, template, body) in [
            ("get", path, None),
            ("get", "/admin/organizations/{id}", None),
            ("patch", "/admin/organizations/{id}", Some(&renamed)),
            (
                "put",
                "/admin/organizations/{id}/members/{account}",
                Some(&role),
            ),
            ("get", "/admin/organizations/{id}/members", None),
            (
                "delete",
                "/admin/organizations/{id}/members/{account}",
                None,
            ),
            ("delete", "/admin/organizations/{id}", None),
        ] {
            let path = template.replace("{id}", &id).replace("{account}", &member);
            let mut ask = self.kw.ask(&method.to_uppercase(), &path).bearer(root);
            if let Some(body) = body {
                ask = ask.json(body);
            }
            let answer = ask.send();
            self.note(method, template, answer);
        }
    }

    /// What stands below one account.
    fn sessions_of(&mut self, root: &str, id: &str) {
        let access = self.kw.sign_in("zoe@example.com", PASSWORD).tokens().0;
        let session = self.kw.session_of(&access).id.to_string();
        let password = json!({ "password": "another horse battery" });
        let reason = json!({ "reason": "ticket 4711" });
        self.kw.define_role("support", &["account:act_as"]);
        administer::grant_role(&self.kw.kw, account_of(root), "support").unwrap();
        for (method, template, body) in [
            ("get", "/admin/accounts/{id}/sessions", None),
            ("get", "/admin/accounts/{id}/login-attempts", None),
            ("post", "/admin/accounts/{id}/act-as", Some(&reason)),
            ("delete", "/admin/accounts/{id}/sessions/{session}", None),
            ("delete", "/admin/accounts/{id}/sessions", None),
            ("post", "/admin/accounts/{id}/password", Some(&password)),
            ("post", "/admin/accounts/{id}/unlock", None),
            ("put", "/admin/accounts/{id}/roles/{role}", None),
            ("delete", "/admin/accounts/{id}/roles/{role}", None),
            ("delete", "/admin/accounts/{id}/second-factor", None),
        ] {
            let path = template
                .replace("{id}", id)
                .replace("{session}", &session)
                .replace("{role}", "administrator");
            if template.ends_with("second-factor") {
                let own = self.kw.sign_in("zoe@example.com", "another horse battery");
                let own = own.tokens().0;
                let begin = self.kw.post("/auth/mfa/totp").bearer(&own);
                let begun = begin.json(&password).send();
                let secret = text(&begun.json(), "secret");
                let code = self.kw.code(&secret, 0);
                assert_eq!(self.kw.confirm_enrolment(&own, &code).status, 200);
            }
            let mut ask = self.kw.ask(&method.to_uppercase(), &path).bearer(root);
            if let Some(body) = body {
                ask = ask.json(body);
            }
            let answer = ask.send();
            self.note(method, template, answer);
        }
    }
}
