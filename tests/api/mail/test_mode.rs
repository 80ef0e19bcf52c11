//! `GET /test/mail`.

use keyward::domain::mail_letter::LetterPurpose;
use keyward::service::mail::write_to_outbox::post;

use crate::support::{TestKeyward, letter, text};

#[test]
fn in_test_mode_what_was_sent_can_be_read() {
    let kw = TestKeyward::new();
    assert_eq!(kw.get("/test/mail").send().json(), serde_json::json!([]));
    post(&kw.kw, letter(LetterPurpose::Reset, "a@example.com")).unwrap();
    let answer = kw.get("/test/mail").send();
    assert_eq!(answer.status, 200);
    let json = answer.json();
    assert_eq!(json.as_array().unwrap().len(), 1);
    let mail = &json[0];
    assert_eq!(text(mail, "to"), "a@example.com");
    assert_eq!(text(mail, "purpose"), "reset");
    assert_eq!(text(mail, "sent_at"), "2026-01-01T00:00:00.000Z");
    assert!(text(mail, "text").contains("kwo1_CANARY"));
    assert!(text(mail, "html").contains("<p>"));
    assert!(text(mail, "message_id").ends_with("@localhost>"));
    assert_eq!(mail.as_object().unwrap().len(), 7);
}
