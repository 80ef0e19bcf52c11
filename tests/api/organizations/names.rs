//! Names are shown, and mailed, as they were written.

use serde_json::json;

use super::{ALICE, invite};
use crate::support::{PASSWORD, text};

const NAMES: [&str; 9] = [
    "हिन्दी समाचार",
    "தமிழ் செய்தி",
    "ខ្មែរ",
    "မြန်မာ",
    "น้ำดื่ม",
    "Ca\u{331}e",
    "বাংলা",
    "Müller & Söhne",
    "№ 5",
];

both!(clients_37_a_name_is_written_in_a_letter_as_it_is, |kw| {
    kw.add_verified(ALICE);
    for (number, name) in NAMES.into_iter().enumerate() {
        kw.advance(3601);
        let alice = kw.sign_in(ALICE, PASSWORD).tokens().0;
        let body = json!({ "name": name });
        let made = kw.post("/auth/organizations").bearer(&alice).json(&body);
        let made = made.send();
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(text(&made.json(), "name"), name);
        let id = text(&made.json(), "id");
        let to = format!("reader{number}@example.com");
        assert_eq!(invite(kw, &alice, &id, (&to, "viewer")).status, 202);
        let mail = kw.last_mail_to(&to);
        let shown = name.trim_start_matches("№ ");
        assert!(mail.text.contains(shown), "{name}: {}", mail.text);
        // In whatever form it is typed it is the same name.
        let body = json!({ "name": name.to_uppercase() });
        let again = kw.post("/auth/organizations").bearer(&alice).json(&body);
        again.send().refused(409, "CONFLICT");
    }
});
