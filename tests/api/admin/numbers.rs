//! A number in a query is digits.

use super::{ALICE, administrator, of};
use crate::organizations::make;

both!(attack_l23_a_number_is_digits, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let acme = make(kw, &token, "Acme");
    let paths = [
        "/admin/accounts".to_owned(),
        "/admin/organizations".to_owned(),
        format!("/admin/organizations/{acme}/members"),
        format!("/auth/organizations/{acme}/members"),
        format!("/auth/organizations/{acme}/invitations"),
        "/admin/invitations".to_owned(),
        "/admin/api-keys".to_owned(),
        "/admin/audit-events".to_owned(),
        of(alice, "/login-attempts"),
    ];
    for path in paths {
        let ask = |limit: &str| {
            kw.get(&format!("{path}?limit={limit}"))
                .bearer(&token)
                .send()
        };
        for limit in [
            "%2B5", "+5", "-5", "5.0", "5e0", "%205", "5%20", "%D9%A5", "", "0x5",
        ] {
            let refused = ask(limit);
            refused.refused(400, "INVALID_PAYLOAD");
            assert!(refused.body.contains("limit"), "{refused:?}");
        }
        assert_eq!(ask("5").status, 200, "{path}");
    }
    let since = |text: &str| {
        let path = format!("/admin/audit-events?since={text}");
        kw.get(&path).bearer(&token).send()
    };
    for text in ["%2B1767225600000", "-5", "%2B2026-01-01"] {
        since(text).refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(since("1767225600000").status, 200);
});
