//! Names as keyboards write them (field log of clients, 5, 6 and 26): trimmed, normalized,
//! of every script; and nothing invisible inside (`attack_l7`).

use keyward::domain::identifier::{Email, Username};
use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{PASSWORD, TestKeyward};

const ALICE: &str = "alice@example.com";

fn signs_in(kw: &TestKeyward, name: &str) -> [u16; 2] {
    let directus = kw.sign_in(name, PASSWORD).status;
    [directus, kw.oisp_sign_in(name, PASSWORD).status]
}

both!(
    clients_05_white_space_around_a_name_is_no_part_of_it,
    |kw| {
        let alice = kw.add(ALICE, Some("cheshire"), false);
        for around in [
            " ", "\t", "\n", "\r\n", "\u{a0}", "\u{3000}", "\u{200b}", "\u{feff}",
        ] {
            for name in [format!("{ALICE}{around}"), format!("{around}{ALICE}")] {
                assert_eq!(signs_in(kw, &name), [200, 200], "{name:?}");
                assert_eq!(administer::find(&kw.kw, &name).unwrap().id, alice);
            }
            for name in [format!("cheshire{around}"), format!("{around}cheshire")] {
                assert_eq!(kw.oisp_sign_in(&name, PASSWORD).status, 200, "{name:?}");
                assert_eq!(administer::find(&kw.kw, &name).unwrap().id, alice);
            }
            let id = format!("{around}{alice}{around}");
            assert_eq!(administer::find(&kw.kw, &id).unwrap().id, alice);
            // A password is compared as it is.
            let spaced = format!("{PASSWORD}{around}");
            kw.advance(1000);
            kw.sign_in(ALICE, &spaced)
                .refused(401, "INVALID_CREDENTIALS");
        }
    }
);

both!(clients_26_an_address_in_full_width_is_the_same, |kw| {
    kw.account(ALICE);
    let wide = "ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｃｏｍ";
    assert_eq!(signs_in(kw, wide), [200, 200]);
    assert_eq!(signs_in(kw, "alice＠example。com"), [200, 200]);
});

both!(clients_06_addresses_of_every_script_sign_in, |kw| {
    for email in ["संपर्क@डाटामेल.भारत", "ผู้ใช้@ตัวอย่าง.ไทย", "İpek@example.com"]
    {
        kw.account(email);
        assert_eq!(signs_in(kw, email), [200, 200], "{email}");
    }
    assert_eq!(signs_in(kw, "i\u{307}pek@example.com"), [200, 200]);
    // Nobody's, and an address all the same.
    kw.sign_in("பயனர்@எடுத்துக்காட்டு.இந்தியா", "x")
        .refused(401, "INVALID_CREDENTIALS");
});

#[test]
fn attack_l7_nothing_invisible_is_in_a_name() {
    for c in [
        '\u{fe0f}',
        '\u{34f}',
        '\u{e0061}',
        '\u{e0100}',
        '\u{2800}',
        '\u{3164}',
        '\u{200d}',
        '\u{ad}',
    ] {
        let name = format!("al{c}ice");
        assert!(Username::parse(&name).is_none(), "{c:?}");
        assert!(
            Email::parse(&format!("{name}@example.com")).is_none(),
            "{c:?}"
        );
        assert!(Email::parse(&format!("a@{name}.com")).is_none(), "{c:?}");
        assert!(Username::parse(&c.to_string()).is_none(), "{c:?}");
        // Around it, it is no part of it: the name is the other's, and taken.
        let around = Username::parse(&format!("alice{c}")).unwrap();
        assert_eq!(around.written(), "alice");
    }
}

both!(attack_l8_a_pattern_is_no_password_at_any_length, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    for new in [
        "a".repeat(25),
        "abcd".repeat(50),
        "passwordpasswordpasswordpasswordpassword".to_owned(),
        format!("{ALICE}{ALICE}"),
    ] {
        let answer = kw.change_password(&access, PASSWORD, &new);
        answer.refused(400, "INVALID_PAYLOAD");
        assert!(answer.body.contains("guesser"), "{answer:?}");
    }
    let body = json!({ "email": ALICE, "password": PASSWORD });
    assert_eq!(kw.post("/auth/login").json(&body).send().status, 200);
});

// What is not named stays.
both!(the_primary_telephone_is_changed_alone, |kw| {
    kw.account(ALICE);
    let token = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let numbers = |body: serde_json::Value| {
        let answer = kw
            .ask("PATCH", "/auth/me")
            .bearer(&token)
            .json(&body)
            .send();
        assert_eq!(answer.status, 200, "{answer:?}");
        let me = answer.json();
        let all = me["phones"].as_array().unwrap().iter();
        all.map(|it| it["value"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let both = ["1234", "5678"];
    assert_eq!(numbers(json!({ "phones": both })), both);
    assert_eq!(numbers(json!({ "phone": "9999" })), ["9999", "5678"]);
    assert_eq!(numbers(json!({ "phone": "5678" })), ["5678"]);
    assert_eq!(
        numbers(json!({ "phone": "1111", "phones": ["2222"] })),
        ["1111", "2222"]
    );
    assert_eq!(numbers(json!({ "phone": "" })), ["2222"]);
    assert_eq!(numbers(json!({ "phones": [] })), [""; 0]);
});
