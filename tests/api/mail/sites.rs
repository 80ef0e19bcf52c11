//! A caller names the site that a mail is for, and its templates go before the common ones (row
//! P-35). It is never a path.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestKeyward};

const ROOT: &str = "root@example.com";

/// A folder of templates of two sites, which goes with the test.
struct Templates(PathBuf);

impl Templates {
    fn new() -> Self {
        let name = format!("keyward-templates-{}", uuid::Uuid::new_v4());
        let folder = std::env::temp_dir().join(name);
        for site in ["shop", "200"] {
            std::fs::create_dir_all(folder.join(site)).unwrap();
            for name in ["verify", "reset", "invite", "join", "account_exists"] {
                let text = format!("{site} {name}\n\n{{{{ link }}}}\n");
                std::fs::write(folder.join(site).join(format!("{name}.en.txt")), text).unwrap();
                let html = folder.join(site).join(format!("{name}.en.html"));
                std::fs::write(html, "<p>{{ link }}</p>").unwrap();
            }
        }
        Self(folder)
    }
}

impl Drop for Templates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn keyward(templates: &Templates) -> TestKeyward {
    TestKeyward::with(&[
        ("KEYWARD_REGISTRATION", "open"),
        ("KEYWARD_MAIL_TEMPLATES", templates.0.to_str().unwrap()),
    ])
}

/// Asks by every route of Keyward's that has a mail sent, of addresses of their own.
fn ask_all(kw: &TestKeyward, site: &Value) -> Vec<(&'static str, String, Answer)> {
    let word = uuid::Uuid::new_v4().simple().to_string();
    let to = |name: &str| format!("{name}-{word}@example.com");
    let root = kw.sign_in(ROOT, PASSWORD).tokens().0;
    let made = kw.post("/auth/organizations").bearer(&root);
    let acme = made
        .json(&json!({ "name": format!("Acme {}", &word[..8]) }))
        .send();
    let acme = acme.json()["id"].as_str().unwrap().to_owned();
    let post = |path: &str, body: Value| {
        let mut body = body;
        body["site"] = site.clone();
        kw.post(path).bearer(&root).json(&body).send()
    };
    for name in ["unproven", "forgetful"] {
        kw.account(&to(name));
    }
    let invitations = format!("/auth/organizations/{acme}/invitations");
    let with_password = |email: &str| json!({ "email": email, "password": PASSWORD });
    let email = |email: &str| json!({ "email": email });
    vec![
        ("verify", to("new"), {
            let body = with_password(&to("new"));
            let ask = kw.post("/auth/register");
            let mut body = body;
            body["site"] = site.clone();
            ask.json(&body).send()
        }),
        (
            "verify",
            to("unproven"),
            post("/auth/email/verify/request", email(&to("unproven"))),
        ),
        (
            "reset",
            to("forgetful"),
            post("/auth/password/request", email(&to("forgetful"))),
        ),
        (
            "verify",
            to("change"),
            post("/auth/email/change", with_password(&to("change"))),
        ),
        (
            "verify",
            to("more"),
            post("/auth/me/emails", with_password(&to("more"))),
        ),
        ("join", to("member"), {
            post(
                &invitations,
                json!({ "email": to("member"), "role": "viewer" }),
            )
        }),
        (
            "invite",
            to("person"),
            post("/admin/invitations", email(&to("person"))),
        ),
    ]
}

#[test]
fn p35_every_mail_that_is_asked_for_is_its_sites() {
    let templates = Templates::new();
    let kw = keyward(&templates);
    kw.add(ROOT, None, true);
    for (name, to, answer) in ask_all(&kw, &json!("shop")) {
        assert!((200..300).contains(&answer.status), "{name} {answer:?}");
        assert_eq!(kw.last_mail_to(&to).subject, format!("shop {name}"), "{to}");
    }
    kw.advance(3700);
    // Whom no template is of gets the common ones, as who names none.
    for site in [json!("nowhere"), Value::Null] {
        kw.execute("DELETE FROM limits", "DELETE FROM limits");
        for (name, to, answer) in ask_all(&kw, &site) {
            assert!((200..300).contains(&answer.status), "{name} {answer:?}");
            let subject = kw.last_mail_to(&to).subject;
            assert!(!subject.contains("shop"), "{site} {subject}");
        }
    }
}

#[test]
fn p35_l8_a_site_that_can_be_none_is_refused_before_any_mail() {
    let templates = Templates::new();
    let kw = keyward(&templates);
    kw.add(ROOT, None, true);
    for site in [
        "../shop",
        "shop/",
        ".",
        "",
        "Shop",
        "sh\u{f6}p",
        "shop\0",
        &"a".repeat(65),
    ] {
        for (name, _, answer) in ask_all(&kw, &json!(site)) {
            answer.refused(400, "INVALID_PAYLOAD");
            assert!(answer.body.contains("\\\"site\\\""), "{name} {answer:?}");
        }
    }
    for site in [json!(200), json!(["shop"]), json!({})] {
        for (_, _, answer) in ask_all(&kw, &site) {
            answer.refused(400, "INVALID_PAYLOAD");
        }
    }
    assert_eq!(kw.mails().len(), 0);
}

#[test]
fn p35_a_registration_of_propellers_names_its_site_by_number() {
    let templates = Templates::new();
    let kw = keyward(&templates);
    let register = |email: &str, site: &str| {
        let document = format!(
            "mutation {{ userRegister(input: {{ email: \"{email}\", password: \"{PASSWORD}\"\
             {site} }}) {{ user {{ email }} }} }}"
        );
        kw.post("/graphql")
            .json(&json!({ "query": document }))
            .send()
            .json()
    };
    for (email, site, subject) in [
        ("a@example.com", ", siteId: 200", "200 verify"),
        ("b@example.com", ", siteId: 7", "Confirm"),
        ("c@example.com", ", siteId: -1", "Confirm"),
        ("d@example.com", "", "Confirm"),
    ] {
        let answer = register(email, site);
        assert_eq!(
            answer["data"]["userRegister"]["user"]["email"],
            json!(email),
            "{answer}"
        );
        let told = kw.last_mail_to(email).subject;
        assert!(told.starts_with(subject), "{told}");
    }
}
