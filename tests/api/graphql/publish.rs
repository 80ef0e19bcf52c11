//! `publishEmailEvent`: as the document prints it, which is no GraphQL, and as clients send it.

use keyward::domain::identifier::Email;
use keyward::service::Code;
use keyward::service::mail::publish::{Publication, publish};
use serde_json::json;

use crate::graphql::{OPEN, code, seeds};
use crate::support::{TestKeyward, text};

fn admin(kw: &TestKeyward) -> String {
    kw.add("admin@example.com", None, true);
    text(&kw.login("admin@example.com"), "access_token")
}

const HTML: &str = "Dear John, <br>\n\
    We received a request to reset your Example Site password.<br>\n\
    Please use the following link to reset your password \
    <a href=\"https://helice.cloud/login\">https://helice.cloud/login</a><br><br>\n\
    If you haven't request a new password from us, no action is needed.";

both!(p31_p32_p_34_the_seeds_mail_to_the_letter, OPEN, |kw| {
    let admin = admin(kw);
    let sent = kw.field(seeds::PROPELLER_PUBLISH, Some(&admin), "publishEmailEvent");
    let id = text(&sent, "messageId");
    let mail = kw.last_mail_to("s.vleugelhof@propel.us");
    assert_eq!(mail.message_id, format!("<{id}>"));
    assert_eq!(mail.subject, "Uw wachtwoord resetten?");
    assert_eq!(mail.html, HTML);
    assert!(
        mail.text.starts_with("Dear John,\nWe received"),
        "{}",
        mail.text
    );
    assert_eq!(kw.mails().len(), 1);
});

/// `\n`, and the variables as JSON among the request's.
#[test]
fn p32_clients_send_it_in_grammar() {
    let kw = TestKeyward::with(OPEN);
    let admin = admin(&kw);
    let document =
        "mutation($input: EmailEventInput!) { publishEmailEvent(input: $input) { messageId } }";
    let input = json!({
        "type": "transactional",
        "to": { "email": "s.vleugelhof@propel.us", "name": "S" },
        "subject": "Hello {{var:user.name}}",
        "content": "<p title='{{var:user.name}}'>{{var:user.name}}\n{{var:nobody:friend}}</p>",
        "variables": { "user": { "name": "<b>'&\r\nBcc: x" } },
    });
    let body = json!({ "query": document, "variables": { "input": input } });
    let answer = kw.asks_with("/graphql", &body, Some(&admin));
    assert_eq!(answer.json().get("errors"), None, "{answer:?}");
    let mail = kw.last_mail_to("s.vleugelhof@propel.us");
    let name = "&lt;b&gt;&#39;&amp;\r\nBcc: x";
    assert_eq!(mail.html, format!("<p title='{name}'>{name}\nfriend</p>"));
    assert_eq!(mail.subject, "Hello <b>'& Bcc: x", "one line");
    let text = "mutation($v: JSONObject) { publishEmailEvent(input: { type: transactional, \
                to: { email: \"a@b.co\" }, subject: \"s\", content: \"{{var:a.b}}\", variables: $v }) { messageId } }";
    let body = json!({ "query": text, "variables": { "v": "{\"a\":{\"b\":5}}" } });
    let answer = kw.asks_with("/graphql", &body, Some(&admin));
    assert_eq!(answer.json().get("errors"), None, "{answer:?}");
    assert_eq!(kw.last_mail_to("a@b.co").html, "5");
    // An object as the scalar is called in the document, whatever the variable is called.
    let body = json!({ "query": text, "variables": { "v": { "a": { "b": "<6>" } } } });
    let answer = kw.asks_with("/graphql", &body, Some(&admin));
    assert_eq!(answer.json().get("errors"), None, "{answer:?}");
    assert_eq!(kw.last_mail_to("a@b.co").html, "&lt;6&gt;");
    for (value, said) in [
        (json!([1]), "INVALID_PAYLOAD"),
        (json!(5), "INVALID_PAYLOAD"),
        (json!("x"), "INVALID_PAYLOAD"),
    ] {
        let body = json!({ "query": text, "variables": { "v": value } });
        let answer = kw.asks_with("/graphql", &body, Some(&admin)).json();
        assert_eq!(code(&answer), said, "{answer}");
    }
    // Lines as the grammar has them.
    let block = text.replace(
        "\"{{var:a.b}}\"",
        "\"\"\"\n    <p>\n      {{var:a.b}}\\n</p>\n    \"\"\"",
    );
    let body = json!({ "query": block, "variables": { "v": { "a": { "b": 7 } } } });
    let answer = kw.asks_with("/graphql", &body, Some(&admin));
    assert_eq!(answer.json().get("errors"), None, "{answer:?}");
    assert_eq!(kw.last_mail_to("a@b.co").html, "<p>\n  7\\n</p>");
}

/// Whoever may not is told so, whatever else is wrong.
#[test]
fn p_30_the_permission_is_asked_first() {
    let kw = TestKeyward::with(OPEN);
    let (user, _) = kw.signed_in("user@example.com");
    for document in [
        seeds::PROPELLER_RESET_LINK.replace("https://helice.cloud/login", "https://evil.example"),
        seeds::PROPELLER_PUBLISH.replace("s.vleugelhof@propel.us", "no address"),
        seeds::PROPELLER_PUBLISH.replace("Uw wachtwoord resetten?", ""),
    ] {
        let said = kw.graphql(&document, Some(&user));
        assert_eq!(code(&said), "FORBIDDEN", "{document}: {said}");
    }
    let body = json!({ "email": "x", "redirectUrl": "https://evil.example" });
    let ask = kw.post("/admin/password-reset-link").bearer(&user);
    ask.json(&body).send().refused(403, "FORBIDDEN");
}

#[test]
fn p33_p_30_what_is_not_sent() {
    let kw = TestKeyward::with(OPEN);
    let admin = admin(&kw);
    let (user, _) = kw.signed_in("user@example.com");
    let print = seeds::PROPELLER_PUBLISH;
    for (document, token, said) in [
        (
            print.replace("type: transactional", "type: marketing"),
            Some(&admin),
            "INVALID_PAYLOAD",
        ),
        (
            print.replace("type: transactional", ""),
            Some(&admin),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            print.replace("s.vleugelhof@propel.us", "a@b.co, c@d.co"),
            Some(&admin),
            "INVALID_PAYLOAD",
        ),
        (
            print.replace("Uw wachtwoord resetten?", ""),
            Some(&admin),
            "INVALID_PAYLOAD",
        ),
        (
            print.replace("firstName: \"John\"", "firstName: $x"),
            Some(&admin),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (print.to_owned(), Some(&user), "FORBIDDEN"),
        (print.to_owned(), None, "INVALID_CREDENTIALS"),
    ] {
        let body = kw.graphql(&document, token.map(String::as_str));
        assert_eq!(code(&body), said, "{body}");
    }
    let sent = kw.mails();
    assert!(
        sent.iter().all(|it| it.to != "s.vleugelhof@propel.us"),
        "{sent:?}"
    );
}

#[test]
fn p36_without_a_server_there_is_no_id() {
    let kw = TestKeyward::with(&[
        ("KEYWARD_SMTP_URL", "smtp://127.0.0.1:1"),
        ("KEYWARD_MAIL_FROM", "no-reply@example.com"),
    ]);
    let admin = admin(&kw);
    let body = kw.graphql(seeds::PROPELLER_PUBLISH, Some(&admin));
    assert_eq!(code(&body), "SERVICE_UNAVAILABLE");
    assert_eq!(body["data"], json!(null));
    assert!(!body.to_string().contains("127.0.0.1"), "{body}");
}

fn to(address: &str, more: &str) -> String {
    let print = seeds::PROPELLER_PUBLISH.replace("s.vleugelhof@propel.us", address);
    print.replace(
        "type: transactional",
        &format!("type: transactional {more}"),
    )
}

// Thirty an hour to one address, whoever sends them, and the log says who sent each.
both!(
    b17_p_30_publications_are_counted_by_their_address_and_audited,
    OPEN,
    |kw| {
        let admin = admin(kw);
        let account = kw.account("known@example.com");
        for _ in 0..30 {
            kw.field(
                &to("known@example.com", ""),
                Some(&admin),
                "publishEmailEvent",
            );
        }
        let recorded = "SELECT what || ' ' || actor_id AS line FROM audit_events \
                        WHERE what = 'mail_published' AND account_id = '";
        let recorded = kw.rows(&format!("{recorded}{account}'"));
        let by = crate::support::account_of(&admin);
        assert_eq!(recorded, vec![format!("mail_published {by}"); 30]);
        let body = kw.graphql(&to("KNOWN@example.com", ""), Some(&admin));
        assert_eq!(code(&body), "REQUESTS_EXCEEDED");
        assert_eq!(body["errors"][0]["extensions"]["retryAfter"], json!(3600));
        assert_eq!(kw.mails().len(), 30);
        assert_eq!(kw.count("audit_events WHERE what = 'mail_published'"), 30);
        // To nobody's address the event is the sender's own.
        kw.field(
            &to("nobody@example.com", ""),
            Some(&admin),
            "publishEmailEvent",
        );
        assert_eq!(
            kw.last_mail_to("nobody@example.com").subject,
            "Uw wachtwoord resetten?"
        );
        let own = format!("audit_events WHERE what = 'mail_published' AND account_id = '{by}'");
        assert_eq!(kw.count(&own), 1);
    }
);

/// A thousand an hour by one account: what a stolen key can send in another's name is bounded.
#[test]
fn b17_publications_are_counted_by_their_sender() {
    let kw = TestKeyward::with(OPEN);
    let access = admin(&kw);
    let actor = crate::support::actor(&kw.kw, &access);
    let publication = |number: usize| Publication {
        to: Email::parse(&format!("a{number}@example.com")).unwrap(),
        subject: "s".to_owned(),
        content: "c".to_owned(),
        variables: json!(null),
        site: None,
    };
    for number in 0..1000 {
        publish(&kw.kw, &actor, &publication(number)).unwrap();
    }
    let refused = publish(&kw.kw, &actor, &publication(1000)).unwrap_err();
    assert_eq!(refused.code, Code::RequestsExceeded);
    kw.advance(3600);
    publish(&kw.kw, &actor, &publication(1000)).unwrap();
}

both!(p_31_p_35_the_site_chooses_the_template, OPEN, |kw| {
    let folder = std::env::temp_dir().join(format!("keyward-sites-{}", uuid::Uuid::new_v4()));
    for (site, frame) in [
        ("200", "<i>{{ content }}</i>"),
        ("201", "<b>{{ content }}</b>"),
    ] {
        std::fs::create_dir_all(folder.join(site)).unwrap();
        std::fs::write(folder.join(site).join("publication.en.html"), frame).unwrap();
    }
    let kw = kw.replica_with(&[("KEYWARD_MAIL_TEMPLATES", folder.to_str().unwrap())]);
    std::fs::remove_dir_all(&folder).unwrap();
    let admin = admin(&kw);
    let html = |more: &str| {
        kw.field(&to("a@b.co", more), Some(&admin), "publishEmailEvent");
        kw.last_mail_to("a@b.co").html
    };
    assert_eq!(html("siteId: 200"), format!("<i>{HTML}</i>"));
    assert_eq!(html("siteId: 201"), format!("<b>{HTML}</b>"));
    for other in ["siteId: 202", "siteId: -1", ""] {
        assert_eq!(html(other), HTML, "{other}");
    }
    let sent = kw.mails().len();
    for wrong in ["siteId: \"../200\"", "siteId: 2.5", "siteId: 99999999999"] {
        let body = kw.graphql(&to("a@b.co", wrong), Some(&admin));
        code(&body);
        assert_eq!(kw.mails().len(), sent, "{wrong}");
    }
});

/// The grammar holds everywhere else.
#[test]
fn line_breaks_and_objects_are_for_that_field_alone() {
    let kw = TestKeyward::with(OPEN);
    for document in [
        "mutation { auth_login(email: \"a\nb\", password: \"x\") { expires } }",
        "{ user(login: \"a\nb\") { id } }",
    ] {
        assert_eq!(code(&kw.graphql(document, None)), "GRAPHQL_PARSE_FAILED");
    }
}

// Who reads no HTML reads where a link leads to, and no style sheet.
#[test]
fn graphql_09_the_plain_part_keeps_links_and_leaves_out_styles() {
    let kw = TestKeyward::with(OPEN);
    let admin = admin(&kw);
    let document =
        "mutation($input: EmailEventInput!) { publishEmailEvent(input: $input) { messageId } }";
    let content = "<head><title>T</title></head><style>p{color:red}</style>\
                   <p>Hello&nbsp;{{var:name}}</p><ul><li>one</li><li>two</li></ul>\
                   <a href=\"{{var:l}}\">Reset it</a>";
    let input = json!({
        "type": "transactional", "to": { "email": "a@b.co" }, "subject": "s", "content": content,
        "variables": { "l": "https://x.example/?a=1&b=<2>", "name": "<b>&" },
    });
    let body = json!({ "query": document, "variables": { "input": input } });
    let answer = kw.asks_with("/graphql", &body, Some(&admin));
    assert_eq!(answer.json().get("errors"), None, "{answer:?}");
    let mail = kw.last_mail_to("a@b.co");
    assert!(
        mail.html.contains("<style>p{color:red}</style>"),
        "{}",
        mail.html
    );
    let plain = "Hello <b>&\n\n- one\n- two\n\nReset it (https://x.example/?a=1&b=<2>)";
    assert!(mail.text.contains(plain), "{}", mail.text);
    assert!(!mail.text.contains("color"), "{}", mail.text);
}
