//! `publishEmailEvent`: as the document prints it, which is no GraphQL, and as clients send it.

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
        mail.text.starts_with("Dear John, \n\nWe received"),
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
    let document = "mutation($input: PublishEmailEventInput!) { publishEmailEvent(input: $input) { messageId } }";
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
    assert_eq!(mail.subject, "Hello <b>'&Bcc: x", "one line");
    let text = "mutation($v: JSON) { publishEmailEvent(input: { type: transactional, \
                to: { email: \"a@b.co\" }, subject: \"s\", content: \"{{var:a.b}}\", variables: $v }) { messageId } }";
    let body = json!({ "query": text, "variables": { "v": "{\"a\":{\"b\":5}}" } });
    let answer = kw.asks_with("/graphql", &body, Some(&admin));
    assert_eq!(answer.json().get("errors"), None, "{answer:?}");
    assert_eq!(kw.last_mail_to("a@b.co").html, "5");
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
            "GRAPHQL_PARSE_FAILED",
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
